//! A small function for the tests of the Lambda host, built on the real `lambda_runtime`.
//!
//! It obeys the `do` of its event. With `ASK` in its environment it sends each event to a listening test and obeys the
//! reply; so tests decide when an invocation ends, and do not have to wait.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    time::{SystemTime, UNIX_EPOCH},
};

use lambda_runtime::{Context, Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Error> {
    println!("printed at start");
    lambda_runtime::run_concurrent(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let LambdaEvent { payload, context } = event;
    let Ok(address) = std::env::var("ASK") else {
        return act(payload, &context, None).await;
    };
    let shown = json!({"event": payload, "request_id": context.request_id, "process_id": std::process::id()});
    let (command, connection) =
        tokio::task::spawn_blocking(move || ask(&address, &shown)).await??;
    act(command, &context, Some(connection)).await
}

fn ask(address: &str, shown: &Value) -> Result<(Value, TcpStream), Error> {
    let mut connection = TcpStream::connect(address)?;
    writeln!(connection, "{shown}")?;
    let mut answer = String::new();
    BufReader::new(connection.try_clone()?).read_line(&mut answer)?;
    Ok((serde_json::from_str(&answer)?, connection))
}

async fn act(
    command: Value,
    context: &Context,
    connection: Option<TcpStream>,
) -> Result<Value, Error> {
    let number = |name: &str| {
        command
            .get(name)
            .and_then(Value::as_u64)
            .unwrap_or_default()
    };
    match command.get("do").and_then(Value::as_str) {
        Some("fail") => Err("asked to fail".into()),
        Some("exit") => std::process::exit(i32::try_from(number("code"))?),
        Some("abort") => std::process::abort(),
        Some("hang") => {
            std::mem::forget(connection);
            std::future::pending().await
        }
        // Kept open for as long as the process lives, so that a test detects its end.
        Some("hold") => {
            std::mem::forget(connection);
            Ok(Value::Null)
        }
        Some("large") => Ok(json!("x".repeat(usize::try_from(number("bytes"))?))),
        Some("reply") => Ok(command.get("reply").cloned().unwrap_or_default()),
        Some("print") => {
            println!("printed to stdout");
            eprintln!("printed to stderr");
            Ok(Value::Null)
        }
        Some("describe") => Ok(describe(context)),
        _ => Ok(command),
    }
}

fn describe(context: &Context) -> Value {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    json!({
        "environment": std::env::vars().collect::<BTreeMap<_, _>>(),
        "process_id": std::process::id(),
        "request_id": context.request_id,
        "deadline_ms": context.deadline,
        "now_ms": u64::try_from(now.as_millis()).unwrap_or_default(),
        "arn": context.invoked_function_arn,
        "folder": std::env::current_dir().unwrap_or_default(),
    })
}
