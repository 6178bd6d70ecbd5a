//! A runtime written by hand for behaviour that `lambda_runtime` never shows: it breaks the Runtime API's rules in the
//! way that `BEHAVIOUR` names.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::exit,
};

fn main() {
    let behaviour = std::env::var("BEHAVIOUR").unwrap_or_default();
    match behaviour.as_str() {
        "init_error" => {
            let body = r#"{"errorType":"Config.Missing","errorMessage":"SUPABASE_URL is not set"}"#;
            call("POST", "runtime/init/error", body);
            park();
        }
        "exit_at_start" => exit(7),
        "never_asks" => park(),
        _ => {}
    }
    loop {
        let (_, headers, _) = call("GET", "runtime/invocation/next", "");
        let id = header(&headers, "lambda-runtime-aws-request-id");
        let answer = match behaviour.as_str() {
            "wrong_id" => {
                let unknown = "00000000-0000-4000-8000-000000000000";
                let (status, _, body) = call(
                    "POST",
                    &format!("runtime/invocation/{unknown}/response"),
                    "1",
                );
                format!(r#"{{"status":{status},"body":{body}}}"#)
            }
            "show_headers" => format!(r#"{{"headers":{headers:?}}}"#),
            _ => "\"done\"".to_owned(),
        };
        call(
            "POST",
            &format!("runtime/invocation/{id}/response"),
            &answer,
        );
        if behaviour == "answers_twice" {
            let (status, _, _) = call("POST", &format!("runtime/invocation/{id}/response"), "2");
            println!("second answer: {status}");
        }
        if behaviour == "never_comes_back" {
            park();
        }
    }
}

fn park() -> ! {
    loop {
        std::thread::park();
    }
}

/// Sends a request without reading the answer.
fn send(method: &str, path: &str, body: &str) -> TcpStream {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap_or_default();
    let (host, prefix) = api
        .trim_start_matches("http://")
        .split_once('/')
        .unwrap_or_default();
    let Ok(mut connection) = TcpStream::connect(host) else {
        exit(9)
    };
    let length = body.len();
    let request = format!(
        "{method} /{prefix}/2018-06-01/{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    if connection.write_all(request.as_bytes()).is_err() {
        exit(9);
    }
    connection
}

fn call(method: &str, path: &str, body: &str) -> (u16, Vec<String>, String) {
    let mut reader = BufReader::new(send(method, path, body));
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        match reader.read_line(&mut line) {
            Ok(read) if read > 2 => head.push(line.trim_end().to_owned()),
            _ => break,
        }
    }
    let mut body = String::new();
    let _ = reader.read_to_string(&mut body);
    let status = head
        .first()
        .and_then(|line| line.split(' ').nth(1))
        .and_then(|code| code.parse().ok());
    (status.unwrap_or_default(), head, body)
}

fn header(head: &[String], name: &str) -> String {
    head.iter()
        .filter_map(|line| line.split_once(':'))
        .find(|(given, _)| given.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim().to_owned())
        .unwrap_or_default()
}
