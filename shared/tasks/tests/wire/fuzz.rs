//! Mutated answers and errors over HTTP, through an agent's turn: it ends, with few paid calls, and with a result or a
//! reason. `GOALPOST_FUZZ_HTTP_CASES` is the number of cases per protocol (`.ci/long/fuzz_models`).

#[path = "../../../llm/src/fuzz/mutate.rs"]
mod mutate;

use tasks::Turn;

use crate::protocol::{Protocol, task};
use crate::server::{Reply, Server};

const CASES: u64 = 60;

/// One call, two repairs, once more with more room, and four pauses.
const MOST_PAID: usize = 8;

/// A call is written anew at most eight times after refusals, which cost nothing.
const MOST_CALLS: usize = MOST_PAID * 9;

async fn fuzz(protocol: Protocol) {
    let cases = std::env::var("GOALPOST_FUZZ_HTTP_CASES").ok();
    let cases = cases.and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let originals = mutate::originals(protocol == Protocol::Anthropic);
    let (mut ended, mut touched) = (0, 0);
    for seed in 0..cases {
        let mut rng = mutate::generator(seed ^ 0xF00D);
        let mut paid = Vec::new();
        let mut replies = Vec::new();
        for _ in 0..MOST_CALLS {
            let is_error = rng.usize(..4) == 0;
            let (head, body) = match is_error {
                true => {
                    let (status, body) = mutate::error(&mut rng);
                    (status.to_owned(), body)
                }
                false => {
                    let original = rng.choice(&originals).unwrap();
                    let case = mutate::mutated(original, &mut rng);
                    touched += u64::from(case.touches_content);
                    (
                        format!("200 OK\r\ncontent-type: {}", case.content_type),
                        case.body,
                    )
                }
            };
            paid.push(!is_error);
            replies.push(Reply::Bytes(head, body));
        }
        let server = Server::start(replies).await;
        let model = protocol.model(&server);
        let turn = tasks::agent::work(&model, &mut model.direct(), &task(Vec::new())).await;
        let asked = server.asked().len();
        let paid = paid.iter().take(asked).filter(|paid| **paid).count();
        assert!(
            paid <= MOST_PAID && asked < MOST_CALLS,
            "seed {seed}: {paid} of {asked} calls were paid"
        );
        match turn {
            Ok(Turn::Calls { answer }) => {
                ended += 1;
                assert!(
                    answer.calls.iter().all(|call| call.arguments.is_object()),
                    "seed {seed}"
                );
            }
            Ok(Turn::Done { result, .. }) => {
                ended += 1;
                assert!(
                    result["text"]
                        .as_str()
                        .is_some_and(|text| !text.trim().is_empty()),
                    "seed {seed}"
                );
            }
            Err(error) => assert!(error.to_string().len() > 20, "seed {seed}: {error}"),
        }
    }
    assert!(touched > cases, "{touched} answers say something else");
    assert!(ended > cases / 20, "{ended} of {cases} turns had a result");
}

#[tokio::test]
async fn turns_over_mutated_chat_completions_end() {
    fuzz(Protocol::OpenAi).await;
}

#[tokio::test]
async fn turns_over_mutated_messages_end() {
    fuzz(Protocol::Anthropic).await;
}
