//! The parts of a page: its frame, tables, and figures. No script, no request to anywhere; every text is escaped.

use std::fmt::Write as _;

const STYLE: &str = "\
:root{color-scheme:light dark;--bar:#2f6f4f;--bad:#b3423a;--faint:#8884}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--faint);vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}section{border:1px solid var(--faint);padding:0 1rem;border-radius:.4rem;margin:1rem 0}
td{overflow-wrap:anywhere}svg{width:100%;height:auto}svg text{font:12px system-ui,sans-serif;fill:currentColor}.bar{fill:var(--bar)}.bad{fill:var(--bad)}.line{fill:none;stroke:var(--bar);stroke-width:2}
figure{margin:1.5rem 0}figcaption{font-size:.85rem;opacity:.8}";

/// Returns a whole page.
pub(super) fn frame(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        escape(title)
    )
}

/// Returns a text that stands for itself in HTML, in elements and in attributes.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

pub(super) fn table(
    body: &mut String,
    title: &str,
    headings: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) {
    let row = |cells: Vec<String>| {
        cells
            .iter()
            .map(|cell| format!("<td>{}</td>", escape(cell)))
            .collect::<String>()
    };
    let rows: String = rows
        .map(|cells| format!("<tr>{}</tr>\n", row(cells)))
        .collect();
    if rows.is_empty() {
        return;
    }
    if !title.is_empty() {
        let _ = writeln!(body, "<h2>{title}</h2>");
    }
    let headings: String = headings
        .iter()
        .map(|one| format!("<th>{one}</th>"))
        .collect();
    let _ = writeln!(
        body,
        "<table><thead><tr>{headings}</tr></thead><tbody>\n{rows}</tbody></table>"
    );
}

/// Appends a plot with its caption; nothing for an empty plot.
pub(super) fn figure(body: &mut String, title: &str, svg: &str, caption: &str) {
    if svg.is_empty() {
        return;
    }
    if !title.is_empty() {
        let _ = writeln!(body, "<h2>{title}</h2>");
    }
    let _ = writeln!(
        body,
        "<figure>{svg}<figcaption>{caption}</figcaption></figure>"
    );
}
