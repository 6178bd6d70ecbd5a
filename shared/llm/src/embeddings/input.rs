//! The form in which a model receives questions and the texts that they are compared with.
//!
//! Many retrieval models embed the two differently: by a prefix in the text (E5, Nomic) or by a field of the call
//! (`input_type` of several servers). OpenAI's models make no difference, and its API refuses unknown fields, so nothing
//! is added for a model that is not known. `GOALPOST_EMBEDDING_INPUT` states the form of any other one.

use std::borrow::Cow;

/// The side of a comparison on which a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextRole {
    /// A question, or what memories are searched with.
    Query,
    /// What is found: memories, texts of runbooks.
    Passage,
}

/// How a model is sent the role of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InputForm {
    /// Not at all.
    Plain,
    /// By the field `input_type`: `query` or `passage`.
    Field,
    /// By what precedes the text.
    Prefixes { query: String, passage: String },
}

impl InputForm {
    /// Reads `GOALPOST_EMBEDDING_INPUT`: `plain`, `input_type`, or two prefixes with a bar between them, such as
    /// `query: |passage: `. None for anything else.
    pub(crate) fn parse(setting: &str) -> Option<Self> {
        match (setting.trim(), setting.split_once('|')) {
            ("plain", _) => Some(Self::Plain),
            ("input_type", _) => Some(Self::Field),
            (_, Some((query, passage))) => Some(Self::prefixes(query, passage)),
            _ => None,
        }
    }

    /// Returns the form that a model was trained with, by its name.
    pub(crate) fn of_model(model: &str) -> Self {
        let name = model.to_ascii_lowercase();
        let is_e5 = name
            .split(['/', '-', '_', ':'])
            .any(|part| part == "e5" || part == "e5v2");
        // The instruction of these is a sentence that depends on the task.
        let is_instructed = name.contains("instruct");
        match name.contains("nomic-embed-text") {
            true => Self::prefixes("search_query: ", "search_document: "),
            false if is_e5 && !is_instructed => Self::prefixes("query: ", "passage: "),
            false => Self::Plain,
        }
    }

    fn prefixes(query: &str, passage: &str) -> Self {
        Self::Prefixes {
            query: query.to_owned(),
            passage: passage.to_owned(),
        }
    }

    /// Returns a text as it is sent.
    pub(crate) fn text<'a>(&self, role: TextRole, text: &'a str) -> Cow<'a, str> {
        match (self, role) {
            (Self::Prefixes { query, .. }, TextRole::Query) => format!("{query}{text}").into(),
            (Self::Prefixes { passage, .. }, TextRole::Passage) => {
                format!("{passage}{text}").into()
            }
            _ => text.into(),
        }
    }

    /// Returns the value of the field `input_type`.
    pub(crate) fn field(&self, role: TextRole) -> Option<&'static str> {
        match (self, role) {
            (Self::Field, TextRole::Query) => Some("query"),
            (Self::Field, TextRole::Passage) => Some("passage"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_models_receive_their_prefixes() {
        let sent = |model: &str, role| InputForm::of_model(model).text(role, "x").into_owned();
        for e5 in [
            "intfloat/multilingual-e5-small",
            "e5-base-v2",
            "multilingual-E5-large",
        ] {
            assert_eq!(sent(e5, TextRole::Query), "query: x", "{e5}");
            assert_eq!(sent(e5, TextRole::Passage), "passage: x", "{e5}");
        }
        assert_eq!(
            sent("nomic-embed-text:v1.5", TextRole::Passage),
            "search_document: x"
        );
        for plain in [
            "text-embedding-3-small",
            "multilingual-e5-large-instruct",
            "bge-m3",
            "all-minilm",
            "qwen3-embedding",
        ] {
            assert_eq!(InputForm::of_model(plain), InputForm::Plain, "{plain}");
        }
    }

    #[test]
    fn setting_is_plain_a_field_or_two_prefixes() {
        assert_eq!(InputForm::parse("plain"), Some(InputForm::Plain));
        let field = InputForm::parse("input_type").map(|form| {
            (
                form.field(TextRole::Query),
                form.field(TextRole::Passage),
                form.text(TextRole::Query, "x").into_owned(),
            )
        });
        assert_eq!(
            field,
            Some((Some("query"), Some("passage"), "x".to_owned()))
        );
        let prefixes = InputForm::parse("Search: |").map(|form| {
            (
                form.text(TextRole::Query, "x").into_owned(),
                form.text(TextRole::Passage, "x").into_owned(),
            )
        });
        assert_eq!(prefixes, Some(("Search: x".to_owned(), "x".to_owned())));
        assert_eq!(InputForm::parse("prefix"), None);
    }
}
