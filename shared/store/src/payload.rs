//! Values that are too large for a row: an object in Storage, and a reference in the row.
//!
//! The result of [`Store::keep`] holds a reference only if `keep` made it. A value that merely looks like one (a page
//! that a tool fetched, say) is stored as an object itself, and so comes back unchanged. A reference reaches no other
//! workspace's objects, whatever its origin.

use std::fmt::Write as _;

use domain::{RunId, StepKey, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{Error, MAX_OBJECT_BYTES, Store};

/// The part of an object that a row still shows, in characters.
const PREVIEW_CHARACTERS: usize = 500;
/// The field that identifies a reference.
const MARK: &str = "$object";

/// The content of a row for a value that is an object.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reference {
    /// `<workspace>/<run>/<step>/<sha256>.json`
    #[serde(rename = "$object")]
    path: String,
    sha256: String,
    /// Of the JSON text.
    bytes: usize,
    /// The JSON text's beginning, for people.
    preview: String,
}

impl Store {
    /// Returns the content of a row for a value of a step: the value, or, where its JSON text is larger than
    /// `inline_bytes`, a reference to an object that is stored first. `name` describes the value in errors.
    ///
    /// Safe to repeat: the same value is the same object. An object without a row that refers to it stays behind.
    ///
    /// # Errors
    /// [`Error::PayloadTooLarge`] above [`MAX_OBJECT_BYTES`], and those of [`Store::put_object`].
    pub async fn keep(
        &self,
        workspace_id: &WorkspaceId,
        run_id: RunId,
        step_key: &StepKey,
        name: &str,
        value: Value,
    ) -> Result<Value, Error> {
        let text = value.to_string();
        if text.len() <= self.config.inline_bytes && !has_mark(&value) {
            return Ok(value);
        }
        if text.len() > MAX_OBJECT_BYTES {
            return Err(Error::PayloadTooLarge {
                message: format!(
                    "{name} has {} bytes as JSON; at most {MAX_OBJECT_BYTES} can be kept: return less, or a part of it",
                    text.len()
                ),
            });
        }
        let sha256 = sha256(text.as_bytes());
        let path = format!(
            "{}/{run_id}/{step_key}/{sha256}.json",
            folder_of(workspace_id)
        );
        let reference = Reference {
            sha256,
            bytes: text.len(),
            preview: text.chars().take(PREVIEW_CHARACTERS).collect(),
            path,
        };
        self.put_object(&reference.path, text.into_bytes(), "application/json")
            .await?;
        Ok(serde_json::json!(reference))
    }

    /// Returns the value that was passed to [`Store::keep`]. A value that is no reference passes through unchanged.
    ///
    /// `workspace_id` is the step's own, from its row.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] for a reference to another workspace's object, [`Error::ObjectDamaged`] if the object is
    /// not the one that was stored, [`Error::NotFound`] if it is gone, and those of [`Store::get_object`].
    pub async fn fetch(&self, workspace_id: &WorkspaceId, value: Value) -> Result<Value, Error> {
        let Some(reference) = reference(&value) else {
            return Ok(value);
        };
        let Reference { path, .. } = &reference;
        if !path.starts_with(&format!("{}/", folder_of(workspace_id))) {
            return Err(Error::NotAllowed {
                message: format!("the object {path} is not of the workspace {workspace_id}"),
            });
        }
        let bytes = self.get_object(path).await?;
        let damaged = |reason: &str| Error::ObjectDamaged {
            path: path.clone(),
            reason: reason.to_owned(),
        };
        if bytes.len() != reference.bytes {
            return Err(damaged(&format!(
                "it has {} bytes instead of {}",
                bytes.len(),
                reference.bytes
            )));
        }
        if sha256(&bytes) != reference.sha256 {
            return Err(damaged("its hash differs"));
        }
        serde_json::from_slice(&bytes).map_err(|_| damaged("it is no JSON"))
    }
}

fn has_mark(value: &Value) -> bool {
    value.get(MARK).is_some()
}

/// Returns the reference that a value is: the four fields, and a name as `keep` makes it.
fn reference(value: &Value) -> Option<Reference> {
    if !has_mark(value) {
        return None;
    }
    let reference = Reference::deserialize(value).ok()?;
    let mut parts = reference.path.split('/');
    let is_ours = parts.next()?.parse::<WorkspaceId>().is_ok()
        && parts.next()?.parse::<RunId>().is_ok()
        && parts.next()?.parse::<StepKey>().is_ok()
        && parts.next()?.strip_suffix(".json") == Some(&reference.sha256)
        && parts.next().is_none()
        && reference.sha256.len() == 64
        && reference
            .sha256
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit());
    is_ours.then_some(reference)
}

/// Returns the id as Postgres writes it: the policies compare it with that.
fn folder_of(workspace_id: &WorkspaceId) -> String {
    workspace_id.as_str().to_ascii_lowercase()
}

fn sha256(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
