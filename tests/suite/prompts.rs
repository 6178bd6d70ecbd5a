//! Prompts of a goal over the demonstration shop: their parts, their order, and their length.

use local_stack::stack::{Person, StackOptions};
use serde_json::{Value, json};
use system_tests::people::Client;
use system_tests::stacks;

use crate::script::Script;

const QUESTION: &str = "Which three customers of our shop bought the most in the last 30 days, what did they buy, and is any of it running out of stock? Give me a short report I can forward.";

/// Maximum bytes of each request, and its blocks. A change that makes one longer records the new figure with its
/// reason.
const BOUNDS: [(&str, usize, &[&str]); 7] = [
    (
        "assess",
        11_000,
        &[
            "tools",
            "workspace",
            "tables",
            "runbooks",
            "who asks",
            "question",
            "now",
        ],
    ),
    (
        "plan",
        16_500,
        &[
            "tools",
            "agents",
            "limits",
            "workspace",
            "tables",
            "runbooks",
            "who asks",
            "goal",
            "now",
        ],
    ),
    (
        "plan of the sub-goal",
        20_800,
        &[
            "tools",
            "agents",
            "limits",
            "workspace",
            "tables",
            "runbooks",
            "who asks",
            "goals above, from the first",
            "goal",
            "inputs of the goal, in templates goal.context",
            "now",
        ],
    ),
    (
        "plan again",
        26_200,
        &[
            "tools",
            "agents",
            "limits",
            "workspace",
            "tables",
            "runbooks",
            "who asks",
            "goal",
            "last plan",
            "now",
        ],
    ),
    (
        "agent, first turn",
        12_800,
        &[
            "your role",
            "workspace",
            "tables",
            "rows and common values of tables",
            "who asks",
            "question",
            "goal",
            "results of earlier steps",
            "instructions of the step",
            "now",
        ],
    ),
    (
        "agent, second turn",
        34_900,
        &[
            "your role",
            "workspace",
            "tables",
            "rows and common values of tables",
            "who asks",
            "question",
            "goal",
            "results of earlier steps",
            "instructions of the step",
            "now",
        ],
    ),
    (
        "judge",
        11_200,
        &["goal", "question", "steps", "report", "criteria", "now"],
    ),
];

/// Prompts that are kept as files; the others contain little more than results.
const SNAPSHOTS: [&str; 4] = ["assess", "plan", "agent, first turn", "judge"];

fn query(key: &str, query: &str) -> Value {
    json!({"key": key, "kind": "tool", "title": key, "depends_on": [], "input": {"tool": "sql", "arguments": {"query": query}}})
}

/// Returns an answer that calls `sql`.
fn call(query: &str) -> Value {
    let arguments = json!({"query": query, "row_limit": 1000}).to_string();
    json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": "call_1", "type": "function", "function": {"name": "sql", "arguments": arguments}}]})
}

/// Returns a goal with an agent that reads much, a sub-goal, a re-plan and judgements, as a model might plan it.
fn script() -> Script {
    let top = "select c.id, c.full_name, sum(o.total_cents) / 100.0 as total, avg(o.total_cents) as mean from shop.customers c join shop.orders o on o.customer_id = c.id group by 1, 2 order by 3 desc limit 100";
    let everything = "select o.*, c.full_name, c.email, c.city from shop.orders o join shop.customers c on c.id = o.customer_id order by o.id";
    let plan = json!({
        "summary": "Rank, then look at stock", "criteria": ["The three are named"],
        "steps": [
            query("top", top),
            {"key": "think", "kind": "agent", "agent": "analyst", "title": "Look at their orders", "depends_on": ["top"], "input": {"instructions": "Say what the three bought."}},
            {"key": "deeper", "kind": "subgoal", "title": "Stock", "depends_on": ["top"], "input": {"title": "Stock", "description": "Which of the products are running out?"}},
        ],
    });
    let below = json!({"summary": "Stock", "steps": [query("stock", "select * from shop.stock where on_hand < reorder_level")]});
    let again = json!({"summary": "Once more", "steps": [query("recent", "select count(*) as orders from shop.orders")]});
    let answer = |text: &str| json!({"role": "assistant", "content": text});
    let verdict = |verdict: &str| json!({"verdicts": [{"number": 1, "verdict": verdict, "step": "top", "evidence": "e"}]});
    Script::default()
        .json("assessment", &json!({"decision": "goal", "goal": {"title": "Three best customers", "description": QUESTION}, "score": 0.5, "reasons": []}))
        .json("plan", &plan)
        .json("plan", &below)
        .json("plan", &again)
        .reply("work", call(everything))
        .reply("work", answer("They bought lamps."))
        .json("verdicts", &verdict("unmet"))
        .json("verdicts", &verdict("met"))
}

/// Returns the product's own message at the beginning of a request.
fn first(request: &Value) -> String {
    request["messages"][1]["content"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Returns the names of the blocks, in their order.
fn blocks(content: &str) -> Vec<&str> {
    content
        .split("<data name=\"")
        .skip(1)
        .filter_map(|block| block.split('"').next())
        .collect()
}

#[tokio::test]
async fn prompts_of_goal_have_expected_parts_and_bounds() {
    let script = script();
    let base_url = script.serve().await;
    let with_model = move |mut options: StackOptions| {
        let environment = &mut options.environment;
        environment.insert("OPENAI_BASE_URL".to_owned(), base_url);
        environment.insert("GOALPOST_MODEL".to_owned(), "scripted".to_owned());
        options.openai_api_key = Some("sk-test-key".to_owned().into());
        options
    };
    let stack = stacks::start_with(with_model).await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let asked = owner.begin(QUESTION).await.unwrap();
    let request_id = asked.body["request_id"].as_i64().unwrap();
    let done = owner.until_settled(request_id).await.unwrap();
    assert_eq!(done["state"], "answered", "{done}");

    let [assess, plans, turns, verdicts] =
        ["assessment", "plan", "work", "verdicts"].map(|what| script.asked_for(what));
    let prompts = [
        ("assess", &assess[0]),
        ("plan", &plans[0]),
        (
            "plan of the sub-goal",
            plans
                .iter()
                .find(|plan| first(plan).contains("running out?"))
                .unwrap(),
        ),
        ("plan again", plans.last().unwrap()),
        ("agent, first turn", &turns[0]),
        ("agent, second turn", &turns[1]),
        ("judge", &verdicts[0]),
    ];
    for (name, prompt) in prompts {
        let content = first(prompt);
        let (bytes, names) = (prompt.to_string().len(), blocks(&content));
        eprintln!("{name}: {bytes} bytes, {names:?}");
        if SNAPSHOTS.contains(&name) {
            compare(name, prompt);
        }
        let (bound, expected) = BOUNDS
            .iter()
            .find(|(of, ..)| *of == name)
            .map(|(_, bound, blocks)| (*bound, *blocks))
            .unwrap();
        assert_eq!(
            names, expected,
            "{name}: static parts come first, the time last"
        );
        assert!(
            bytes <= bound,
            "{name} has {bytes} bytes, at most {bound} are recorded"
        );
    }

    // Another request of the workspace begins with the same bytes, for caches.
    let [top, below] = [prompts[1], prompts[2]].map(|(_, prompt)| first(prompt));
    let common = top
        .bytes()
        .zip(below.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let tables = top.find("shop.supplier_prices").unwrap();
    assert!(common > tables, "two plans have {common} bytes in common");
    assert_eq!(
        prompts[4].1["messages"][1], prompts[5].1["messages"][1],
        "a turn begins as the one before"
    );

    assert!(
        top.contains(
            "status text not null check (status in ('paid', 'shipped', 'delivered', 'cancelled'))"
        ),
        "{top}"
    );
    assert!(
        !top.contains("max_calls_per_step") && !top.contains("idempotent"),
        "{top}"
    );
    let agent = first(prompts[4].1);
    assert!(
        agent.contains(
            "shop.orders (id bigint pk, customer_id bigint not null -> shop.customers.id"
        ),
        "{agent}"
    );
    assert!(
        below.contains("\"top\":{\"columns\":[\"id\",\"full_name\",\"total\",\"mean\"]"),
        "the sub-goal's inputs: {below}"
    );
    assert!(
        !below.contains(QUESTION) && below.contains("[\"Three best customers\"]"),
        "the sub-goal's place: {below}"
    );
    assert!(
        agent.contains("rows; carrier 'Swift Parcel'"),
        "values are the asker's: {agent}"
    );
    let results = prompts[5].1["messages"][3]["content"].as_str().unwrap();
    assert!(
        results.contains("rows; for the others query again with ORDER BY, LIMIT and OFFSET"),
        "{results}"
    );
    assert!(results.len() < 21_000, "{}", results.len());
    stack.stop().await.unwrap();
}

/// Maximum length of a line in a snapshot: the first characters show the form of results.
const MAX_LINE_CHARS: usize = 1_200;

/// Compares a prompt with its reviewed file in `tests/suite/prompts`. `GOALPOST_WRITE_PROMPTS=1` writes the files anew.
fn compare(name: &str, prompt: &Value) {
    let system = prompt["messages"][0]["content"].as_str().unwrap();
    let whole = format!("{system}\n\n{}\n", first(prompt));
    let times = regex_lite::Regex::new(r#"\d{4}-\d\d-\d\d[T ]\d\d:\d\d[^\s"<]*"#).unwrap();
    let cut = |line: &str| line.chars().take(MAX_LINE_CHARS).collect::<String>();
    let shown: Vec<String> = whole.lines().map(cut).collect();
    let shown = times.replace_all(&shown.join("\n"), "TIME").into_owned() + "\n";
    let days = regex_lite::Regex::new("(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, TIME").unwrap();
    let shown = days.replace_all(&shown, "DAY, TIME").into_owned();
    let file = name.replace(", ", "_").replace(' ', "_") + ".md";
    let path = system_tests::workspace()
        .join("tests/suite/prompts")
        .join(&file);
    if std::env::var_os("GOALPOST_WRITE_PROMPTS").is_some() {
        std::fs::write(&path, shown).unwrap();
        return;
    }
    let reviewed = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = reviewed
        .lines()
        .zip(shown.lines())
        .find(|(old, new)| old != new);
    assert!(
        reviewed == shown,
        "the prompt {name} is not that of {}: {differs:?}; read the change, then GOALPOST_WRITE_PROMPTS=1 cargo test -p system-tests --test suite prompts::",
        path.display()
    );
}
