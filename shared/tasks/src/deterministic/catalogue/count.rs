//! Finds the table in "how many X (are there, do we have)" and speaks of it.

use crate::inputs::Table;

/// What may follow the table's name without changing what is asked.
const CLOSINGS: &[&str] = &[
    "are there",
    "is there",
    "there are",
    "do we have",
    "do you have",
    "do i have",
    "have we",
    "have we got",
    "exist",
    "in total",
    "altogether",
    "now",
    "right now",
    "currently",
    "are in the database",
    "in the database",
    "rows",
    "records",
];

/// What may stand before it.
const OPENINGS: &[&str] = &[
    "how many",
    "what is the number of",
    "what's the number of",
    "number of",
    "count of",
    "count the",
    "count",
];

/// The table that a question asks to count, if it asks nothing else and means one table only.
pub(super) fn table<'a>(question: &str, tables: &'a [Table]) -> Option<&'a Table> {
    let lower = question.to_lowercase();
    let text = lower.trim().trim_end_matches(['?', '.', '!', ' ']);
    let rest = OPENINGS
        .iter()
        .find_map(|opening| text.strip_prefix(opening)?.strip_prefix(' '))?;
    let rest = rest
        .trim_start_matches("all ")
        .trim_start_matches("the ")
        .trim();
    let mut meant = tables.iter().filter(|table| asks_for(rest, table));
    let first = meant.next()?;
    meant.next().is_none().then_some(first)
}

/// Whether the text is the table's name, in any number, with nothing but a closing after it.
fn asks_for(text: &str, table: &Table) -> bool {
    let name = table.name.to_lowercase();
    let forms = [name.clone(), singular(&name), plural(&name)];
    forms
        .iter()
        .flat_map(|form| [form.clone(), spoken(form)])
        .any(|form| {
            let Some(after) = text.strip_prefix(&form) else {
                return false;
            };
            let schema = table.schema.to_lowercase();
            let places = [
                format!("are in the {schema}"),
                format!("in the {schema}"),
                format!("in {schema}"),
            ];
            let mut after = after;
            // Closings may follow each other: "are there in total".
            while !after.is_empty() {
                let closed = CLOSINGS
                    .iter()
                    .copied()
                    .chain(places.iter().map(String::as_str));
                let shorter =
                    closed.filter_map(|closing| after.strip_prefix(' ')?.strip_prefix(closing));
                let Some(shorter) = shorter
                    .filter(|rest| rest.is_empty() || rest.starts_with(' '))
                    .min_by_key(|rest| rest.len())
                else {
                    return false;
                };
                after = shorter;
            }
            true
        })
}

/// `order_lines` as people say it: "order lines".
pub(super) fn spoken(name: &str) -> String {
    name.replace('_', " ")
}

/// English, as far as tables' names go.
pub(super) fn singular(name: &str) -> String {
    if let Some(stem) = name.strip_suffix("ies") {
        return format!("{stem}y");
    }
    let hissing = ["sses", "shes", "ches", "xes", "zes"]
        .iter()
        .any(|ending| name.ends_with(ending));
    if let Some(stem) = name.strip_suffix("es").filter(|_| hissing) {
        return stem.to_owned();
    }
    match name.strip_suffix('s') {
        Some(stem) if !stem.ends_with(['s', 'u']) => stem.to_owned(),
        _ => name.to_owned(),
    }
}

/// English, as far as tables' names go; a plural stays what it is.
pub(super) fn plural(name: &str) -> String {
    if singular(name) != name {
        return name.to_owned();
    }
    let vowel_before_y = ["ay", "ey", "oy", "uy"]
        .iter()
        .any(|ending| name.ends_with(ending));
    if let Some(stem) = name.strip_suffix('y').filter(|_| !vowel_before_y) {
        return format!("{stem}ies");
    }
    let hissing = ["s", "sh", "ch", "x", "z"]
        .iter()
        .any(|ending| name.ends_with(ending));
    if hissing {
        format!("{name}es")
    } else {
        format!("{name}s")
    }
}
