//! Makes a question shorter that is longer than the model takes: the largest results lose their ends, the smaller ones
//! and the question itself stay. The journal keeps the original.

use crate::request::{Message, Request};

/// Bytes of a result that are always left.
const LEAST_BYTES: usize = 600;

/// Bytes per token of what is sent, more than most texts have: what is longer by this is refused for sure.
const BYTES_PER_TOKEN: usize = 4;

const END: &str = "\n</data>";

/// Cuts the largest results so that all of them together have a part of their bytes. False: nothing was left to cut.
pub(crate) fn cut_largest(request: &mut Request, divisor: usize) -> bool {
    let total: usize = sizes(request).iter().sum();
    cut_to(request, total / divisor.max(1))
}

/// Cuts the largest results of a question whose body has so many bytes, if they are more than a context of so many
/// tokens takes beside the answer.
pub(crate) fn fit(
    request: &mut Request,
    body_bytes: usize,
    context_tokens: u32,
    output_tokens: u32,
) -> bool {
    let tokens =
        usize::try_from(context_tokens.saturating_sub(output_tokens)).unwrap_or(usize::MAX);
    let excess = body_bytes.saturating_sub(tokens.saturating_mul(BYTES_PER_TOKEN));
    let total: usize = sizes(request).iter().sum();
    excess > 0 && cut_to(request, total.saturating_sub(excess))
}

/// Cuts every result to the highest size with which all have no more than so many bytes.
fn cut_to(request: &mut Request, bytes: usize) -> bool {
    let mut sizes = sizes(request);
    sizes.sort_unstable();
    let (mut left, mut count) = (bytes, sizes.len());
    let mut level = 0;
    for size in sizes {
        level = left / count.max(1);
        if size > level {
            break;
        }
        left = left.saturating_sub(size);
        count = count.saturating_sub(1);
    }
    let level = level.max(LEAST_BYTES);
    let mut is_cut = false;
    for_each(request, &mut |text| {
        if let Some(shorter) = shortened(text, level) {
            *text = shorter;
            is_cut = true;
        }
    });
    is_cut
}

fn sizes(request: &mut Request) -> Vec<usize> {
    let mut sizes = Vec::new();
    for_each(request, &mut |text| sizes.push(text.len()));
    sizes
}

/// Calls the function with each result: of a call, and each block of data in what is sent as the user's.
fn for_each(request: &mut Request, change: &mut impl FnMut(&mut String)) {
    for message in &mut request.messages {
        match message {
            Message::ToolResults { results } => {
                results
                    .iter_mut()
                    .for_each(|result| change(&mut result.content));
            }
            Message::User { content } => {
                let mut written = String::with_capacity(content.len());
                let mut rest = content.as_str();
                while let Some((before, block)) = rest.split_once("<data ") {
                    written.push_str(before);
                    let end = block.find(END).map_or(block.len(), |at| at + END.len());
                    let (block, after) = block.split_at(end);
                    let mut block = format!("<data {block}");
                    change(&mut block);
                    written.push_str(&block);
                    rest = after;
                }
                written.push_str(rest);
                *content = written;
            }
            Message::Assistant(_) => {}
        }
    }
}

/// The beginning of a result, with a word on what is missing; its closing tag stays.
fn shortened(text: &str, bytes: usize) -> Option<String> {
    if text.len() <= bytes {
        return None;
    }
    let (body, end) = match text.strip_suffix(END) {
        Some(body) => (body, END),
        None => (text, ""),
    };
    let note = format!(
        "… (cut from {} bytes, since all together was longer than the model takes; ask for less)",
        text.len()
    );
    let room = bytes.saturating_sub(note.len() + end.len());
    let kept = body
        .char_indices()
        .map(|(at, letter)| at + letter.len_utf8())
        .take_while(|end| *end <= room)
        .last();
    let kept = body.get(..kept.unwrap_or(0))?;
    let shorter = format!("{kept}{note}{end}");
    (shorter.len() < text.len()).then_some(shorter)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::panic)]
    use super::*;
    use crate::request::{Purpose, ToolResult};

    fn request(blocks: &[usize], results: &[usize]) -> Request {
        let block = |size: &usize| format!("<data name=\"x\">\n{}\n</data>", "é".repeat(*size / 2));
        let result = |size: &usize| ToolResult {
            call_id: "c".to_owned(),
            name: "sql".to_owned(),
            content: block(size),
            is_error: false,
        };
        Request {
            purpose: Purpose::Work,
            model: None,
            system: String::new(),
            messages: vec![
                Message::User {
                    content: format!(
                        "Do this.\n{}\nNow.",
                        blocks.iter().map(block).collect::<Vec<_>>().join("\n")
                    ),
                },
                Message::ToolResults {
                    results: results.iter().map(result).collect(),
                },
            ],
            tools: Vec::new(),
            output: None,
            must_answer: false,
            max_output_tokens: 10,
        }
    }

    #[test]
    fn largest_results_are_cut_and_small_ones_stay() {
        let mut cut = request(&[100, 20_000], &[30_000, 400]);
        let before = sizes(&mut cut);
        assert!(cut_largest(&mut cut, 2));
        let after = sizes(&mut cut);
        assert_eq!((after[0], after[3]), (before[0], before[3]));
        let total: usize = after.iter().sum();
        assert!(
            total <= before.iter().sum::<usize>() / 2 && after[1].abs_diff(after[2]) < 3,
            "{after:?}"
        );
        let Message::User { content } = &cut.messages[0] else {
            panic!("no user")
        };
        assert!(content.starts_with("Do this.\n") && content.ends_with("\nNow."));
        assert_eq!(
            content.matches("<data ").count(),
            content.matches("</data>").count()
        );
        assert!(content.contains("cut from 20"));
    }

    #[test]
    fn nothing_is_cut_below_the_least_size() {
        let mut small = request(&[300], &[500]);
        assert!(!cut_largest(&mut small, 2));
        let mut empty = request(&[], &[]);
        assert!(!cut_largest(&mut empty, 2));
        let mut large = request(&[], &[100_000]);
        let cuts = (0..50).take_while(|_| cut_largest(&mut large, 2)).count();
        assert!((5..10).contains(&cuts), "{cuts}");
    }

    #[test]
    fn question_is_cut_to_a_known_context_only_if_it_is_longer() {
        let mut long = request(&[], &[40_000]);
        assert!(!fit(&mut long, 40_000, 12_000, 2_000));
        assert!(fit(&mut long, 40_000, 6_000, 1_000));
        assert!(sizes(&mut long)[0] <= 20_100);
    }
}
