//! Decodes bodies to text. The encoding is the one that the host declares; often it declares none.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Bytes at the start of a document in which its own declaration stands.
const DECLARATION_BYTES: usize = 1_024;

/// Decodes a body: a byte order mark decides, then the header, then the document's own declaration. Without any of them
/// UTF-8 is read where the bytes are UTF-8, and windows-1252 otherwise, as browsers do. Bytes that are no character, and
/// U+0000, which Postgres cannot hold, become U+FFFD.
pub(crate) fn decode(content_type: &str, bytes: &[u8]) -> String {
    let declared = || of_header(content_type).or_else(|| of_document(bytes));
    let encoding = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        None => declared().unwrap_or_else(|| guessed(content_type, bytes)),
    };
    let (text, _, _) = encoding.decode(bytes);
    text.replace('\0', "\u{fffd}")
}

/// Returns the encoding of undeclared bytes. JSON is always UTF-8 (RFC 8259).
fn guessed(content_type: &str, bytes: &[u8]) -> &'static Encoding {
    let is_json = content_type.to_ascii_lowercase().contains("json");
    if is_json || std::str::from_utf8(bytes).is_ok() {
        UTF_8
    } else {
        WINDOWS_1252
    }
}

fn of_header(content_type: &str) -> Option<&'static Encoding> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        let label = value.trim().trim_matches(['"', '\'']);
        Encoding::for_label(label.as_bytes()).filter(|_| is_charset)
    })
}

/// Reads `<meta charset="…">`, `<meta … content="…; charset=…">` and `<?xml … encoding="…"?>`.
fn of_document(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = bytes.get(..DECLARATION_BYTES).unwrap_or(bytes);
    let start = String::from_utf8_lossy(start).to_ascii_lowercase();
    let declaration = start.trim_start().strip_prefix("<?xml");
    let declaration = declaration.and_then(|rest| rest.split_once("?>"));
    let in_xml = declaration.and_then(|(inside, _)| labelled(inside, "encoding"));
    let mut tags = start.split("<meta").skip(1);
    let in_meta = || tags.find_map(|tag| labelled(tag.split('>').next()?, "charset"));
    let encoding = in_xml.or_else(in_meta)?;
    // A declaration that can be read as ASCII is not in UTF-16.
    Some(if encoding == UTF_16LE || encoding == UTF_16BE {
        UTF_8
    } else {
        encoding
    })
}

/// Returns the encoding after `name=`, quoted or not.
fn labelled(text: &str, name: &str) -> Option<&'static Encoding> {
    text.split(name).skip(1).find_map(|rest| {
        let value = rest.trim_start().strip_prefix('=')?.trim_start();
        let value = value.trim_start_matches(['"', '\'']);
        let end = value.find(|letter: char| {
            letter.is_whitespace() || matches!(letter, '"' | '\'' | ';' | '/')
        });
        Encoding::for_label(value.get(..end.unwrap_or(value.len()))?.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use encoding_rs::SHIFT_JIS;

    use super::*;

    const HTML: &str = "text/html";

    #[test]
    fn declared_encodings_are_decoded() {
        let (japanese, _, _) = SHIFT_JIS.encode("日本語");
        let shift_jis: &[u8] = &japanese;
        let with = |declaration: &str, body: &[u8]| [declaration.as_bytes(), body].concat();
        let meta = "<html><head><meta charset=";
        let cases: Vec<(&str, Vec<u8>, String)> = vec![
            (
                "text/html; charset=ISO-8859-1",
                b"caf\xe9".into(),
                "café".into(),
            ),
            (
                "text/html; CharSet=\"latin1\"",
                b"caf\xe9".into(),
                "café".into(),
            ),
            (
                "text/plain;charset=windows-1252",
                b"\x80 5\x960".into(),
                "€ 5–0".into(),
            ),
            (
                "text/plain; charset=Shift_JIS",
                shift_jis.into(),
                "日本語".into(),
            ),
            (
                "application/json; charset=utf-8",
                "\"é\"".into(),
                "\"é\"".into(),
            ),
            ("text/plain", b"\xff\xfeh\0\xe9\0".into(), "hé".into()),
            (
                "text/plain; charset=iso-8859-1",
                b"\xfe\xff\0h\0\xe9".into(),
                "hé".into(),
            ),
            ("text/plain", b"\xef\xbb\xbfh\xc3\xa9".into(), "hé".into()),
            (
                "text/plain; charset=utf-16",
                b"h\0\xe9\0".into(),
                "hé".into(),
            ),
            (
                HTML,
                with(&format!("{meta}'shift_jis'/>"), shift_jis),
                format!("{meta}'shift_jis'/>日本語"),
            ),
            (
                HTML,
                with(&format!("{meta}UTF-16>"), "é".as_bytes()),
                format!("{meta}UTF-16>é"),
            ),
            (
                HTML,
                with(
                    "<META http-equiv=Content-Type content='text/html; charset=Shift_JIS'>",
                    shift_jis,
                ),
                "<META http-equiv=Content-Type content='text/html; charset=Shift_JIS'>日本語"
                    .into(),
            ),
            (
                "application/xml",
                with("<?xml version='1.0' encoding='iso-8859-1'?><a>", b"\xe9"),
                "<?xml version='1.0' encoding='iso-8859-1'?><a>é".into(),
            ),
        ];
        for (content_type, bytes, text) in cases {
            assert_eq!(decode(content_type, &bytes), text, "{content_type}");
        }
    }

    #[test]
    fn undeclared_text_is_utf8_or_windows_1252() {
        assert_eq!(decode(HTML, "日本 é".as_bytes()), "日本 é");
        assert_eq!(decode("", b"caf\xe9"), "café");
        assert_eq!(decode("text/html; charset=nonsense", b"caf\xe9"), "café");
        assert_eq!(decode("application/json", b"\"\xe9\""), "\"\u{fffd}\"");
        assert_eq!(
            decode("text/plain; charset=utf-8", b"\xe9\0"),
            "\u{fffd}\u{fffd}"
        );
    }
}
