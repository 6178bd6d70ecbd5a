//! Finds a question that is nothing but arithmetic and gives it as an expression for `calculate`.

/// What may stand before the arithmetic.
const OPENINGS: &[&str] = &[
    "please",
    "can you",
    "could you",
    "tell me",
    "what is",
    "what's",
    "whats",
    "how much is",
    "how much are",
    "what are",
    "calculate",
    "compute",
    "work out",
    "evaluate",
    "solve",
    "the",
];

/// "average of 3, 5 and 9" and the like.
const FUNCTIONS: &[(&str, &str)] = &[
    ("average", "avg"),
    ("avg", "avg"),
    ("mean", "avg"),
    ("sum", "sum"),
    ("total", "sum"),
    ("minimum", "min"),
    ("smallest", "min"),
    ("lowest", "min"),
    ("maximum", "max"),
    ("largest", "max"),
    ("highest", "max"),
];

/// Functions of `calculate` with one argument, as they are written.
const ONE_ARGUMENT: &[&str] = &["sqrt", "abs", "round"];

/// Operators in words; the longer ones first.
const WORDS: &[(&str, &str)] = &[
    ("multiplied by", "*"),
    ("divided by", "/"),
    ("to the power of", "^"),
    ("per cent", "%"),
    ("percent", "%"),
    ("plus", "+"),
    ("minus", "-"),
    ("times", "*"),
    ("over", "/"),
];

/// Gives the expression if the whole question is one.
pub(super) fn expression(question: &str) -> Option<String> {
    let mut rest = question.to_lowercase();
    rest = rest.trim_end_matches(['?', '.', '!', '=', ' ']).to_owned();
    rest = without_openings(&rest).to_owned();
    if let Some(call) = call(&rest) {
        return Some(call);
    }
    for (word, symbol) in WORDS {
        rest = rest.replace(&format!(" {word}"), &format!(" {symbol}"));
    }
    let rest = rest.trim();
    (is_arithmetic(rest) && !is_date(rest)).then(|| rest.to_owned())
}

/// Returns a text without the names of [`ONE_ARGUMENT`] that an argument follows.
fn without_functions(text: &str) -> String {
    ONE_ARGUMENT.iter().fold(text.to_owned(), |text, name| {
        text.replace(&format!("{name}("), "(")
    })
}

fn without_openings(text: &str) -> &str {
    let mut rest = text.trim();
    while let Some(shorter) = OPENINGS.iter().find_map(|opening| {
        let after = rest.strip_prefix(opening)?;
        after
            .starts_with([' ', ':', ','])
            .then(|| after.trim_start_matches([' ', ':', ',']))
    }) {
        rest = shorter;
    }
    rest
}

/// "average of 3, 5 and 9", and "average(3, 5, 9)".
fn call(text: &str) -> Option<String> {
    let (word, function) = FUNCTIONS.iter().find(|(word, _)| text.starts_with(word))?;
    let rest = text.strip_prefix(word)?.trim_start();
    let list = match rest.strip_prefix("of ") {
        Some(list) => list,
        None => rest.strip_prefix('(')?.strip_suffix(')')?,
    };
    let numbers = list.replace(" and ", ", ");
    // ", " separates and "," groups: `1,000, 2` is two numbers, and the tool is given no grouping.
    let separator = if numbers.contains(", ") { ", " } else { "," };
    let numbers: Vec<String> = numbers
        .split(separator)
        .map(|number| number.trim().replace(',', ""))
        .filter(|number| !number.is_empty())
        .collect();
    let plain = |number: &String| {
        number
            .strip_prefix('-')
            .unwrap_or(number)
            .parse::<f64>()
            .is_ok()
            && number
                .bytes()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
    };
    (!numbers.is_empty() && numbers.iter().all(plain))
        .then(|| format!("{function}({})", numbers.join(", ")))
}

/// Numbers and operators only, with at least one of each.
fn is_arithmetic(text: &str) -> bool {
    let bare = text.replace("% of ", "% * ").replace(") of ", ") * ");
    let allowed = |c: char| {
        c.is_ascii_digit()
            || matches!(
                c,
                ' ' | '.' | ',' | '+' | '-' | '*' | '/' | '%' | '^' | '(' | ')' | '×' | '÷' | '−'
            )
    };
    let operates = bare
        .trim_start_matches(['-', '+', ' '])
        .contains(['+', '-', '*', '/', '%', '^', '×', '÷', '−']);
    let calls = without_functions(&bare);
    let operates = operates || calls != bare;
    let bare = calls;
    operates && bare.chars().all(allowed) && bare.bytes().any(|byte| byte.is_ascii_digit())
}

/// `2026-01-31`, `31/01/2026`: the numbers of a date are not to be subtracted or divided.
fn is_date(text: &str) -> bool {
    ['-', '/'].iter().any(|separator| {
        let parts: Vec<&str> = text.split(*separator).collect();
        let digits =
            |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        parts.len() == 3 && parts.iter().all(digits) && parts.iter().any(|part| part.len() == 4)
    })
}
