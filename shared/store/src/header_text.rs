//! Texts that can stand in a header.

/// Returns true if a text can stand in a header and in a URL's authority.
pub(crate) fn is_visible_ascii(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}
