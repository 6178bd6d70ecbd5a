//! The requests for functions and for the gateway's check of keys, each with its expected response.

use reqwest::Method;
use serde_json::{Value, json};

#[derive(Clone, Copy)]
pub(crate) enum Sender {
    NoKey,
    Anonymous,
    Secret,
    User,
}

pub(crate) enum Body {
    Any,
    Empty,
    Json(Value),
    Contains(Value),
}

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) sender: Sender,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<String>,
    pub(crate) status: u16,
    pub(crate) expected: Body,
    pub(crate) expected_headers: Vec<(&'static str, &'static str)>,
}

impl Case {
    pub(crate) fn new(name: &'static str, method: Method, path: &str) -> Self {
        Self {
            name,
            sender: Sender::Anonymous,
            method,
            path: format!("/rest/v1/{path}"),
            headers: Vec::new(),
            body: None,
            status: 200,
            expected: Body::Any,
            expected_headers: Vec::new(),
        }
    }

    pub(crate) fn sent_by(self, sender: Sender) -> Self {
        Self { sender, ..self }
    }

    pub(crate) fn body(self, body: &Value) -> Self {
        Self {
            body: Some(body.to_string()),
            ..self
        }
    }

    fn raw_body(self, body: impl Into<String>) -> Self {
        Self {
            body: Some(body.into()),
            ..self
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn gives(self, status: u16, expected: Body) -> Self {
        Self {
            status,
            expected,
            ..self
        }
    }

    pub(crate) fn refuses(self, status: u16, code: &str) -> Self {
        self.gives(status, Body::Contains(json!({"code": code})))
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        self.expected_headers.push((name, value));
        self
    }
}

fn call(name: &'static str, function: &str, arguments: &Value) -> Case {
    Case::new(name, Method::POST, &format!("rpc/{function}")).body(arguments)
}

fn get(name: &'static str, path: &str) -> Case {
    Case::new(name, Method::GET, path)
}

fn is(value: Value) -> Body {
    Body::Json(value)
}

pub(crate) fn functions() -> Vec<Case> {
    let mut cases = arguments();
    cases.extend(shapes());
    cases.extend(refusals());
    cases.extend(raised());
    cases.extend(context());
    cases
}

fn arguments() -> Vec<Case> {
    vec![
        call(
            "arguments by name",
            "contract_add",
            &json!({"a": 1, "b": 2}),
        )
        .gives(200, is(json!(3))),
        call("a default is used", "contract_add", &json!({"a": 1})).gives(200, is(json!(11))),
        call(
            "text that reads as a number",
            "contract_add",
            &json!({"a": "1"}),
        )
        .gives(200, is(json!(11))),
        get("arguments in the query", "rpc/contract_add?a=1&b=2").gives(200, is(json!(3))),
        get(
            "an array literal in the query",
            "rpc/contract_sum?p_values=%7B1,2,3%7D",
        )
        .gives(200, is(json!(6))),
        call(
            "jsonb arrives as an object",
            "contract_kind",
            &json!({"p": {"x": 1}}),
        )
        .gives(200, is(json!("object"))),
        call(
            "jsonb arrives as text when it is text",
            "contract_kind",
            &json!({"p": "x"}),
        )
        .gives(200, is(json!("string"))),
        call(
            "an array argument",
            "contract_sum",
            &json!({"p_values": [1, 2, 3]}),
        )
        .gives(200, is(json!(6))),
        call(
            "a variadic argument",
            "contract_join",
            &json!({"p_words": ["a", "b"]}),
        )
        .gives(200, is(json!("a-b"))),
        call(
            "the whole body to one unnamed parameter",
            "contract_whole",
            &json!({"x": [1]}),
        )
        .gives(200, is(json!({"got": {"x": [1]}}))),
        call(
            "an array body to one unnamed parameter",
            "contract_whole",
            &json!([1, 2]),
        )
        .gives(200, is(json!({"got": [1, 2]}))),
        Case::new(
            "an empty body is no arguments",
            Method::POST,
            "rpc/contract_null",
        )
        .gives(200, is(json!(null))),
        call(
            "overloads distinguished by names",
            "contract_apart",
            &json!({"a": 1, "b": 2}),
        )
        .gives(200, is(json!("two"))),
        call("the shorter overload", "contract_apart", &json!({"a": 1}))
            .gives(200, is(json!("one"))),
        call(
            "an argument that does not fit its type",
            "contract_add",
            &json!({"a": "x"}),
        )
        .refuses(400, "22P02"),
        call(
            "quotes in an argument stay data",
            "contract_join",
            &json!({"p_words": ["'; drop table x; --"]}),
        )
        .gives(200, is(json!("'; drop table x; --"))),
    ]
}

fn shapes() -> Vec<Case> {
    let notes = json!({"book_id": 1, "author_id": 1, "title": "Notes", "pages": 65, "tags": ["engine"],
        "written_at": "2026-01-02T03:04:05+00:00"});
    vec![
        call("void is 204 without a body", "contract_nothing", &json!({})).gives(204, Body::Empty),
        call("a scalar null", "contract_null", &json!({})).gives(200, is(json!(null))),
        call(
            "a composite is an object",
            "contract_book",
            &json!({"p_id": 1}),
        )
        .gives(200, is(notes.clone())),
        call(
            "a composite without a row is an object of nulls",
            "contract_book",
            &json!({"p_id": 77}),
        )
        .gives(200, Body::Contains(json!({"book_id": null, "title": null}))),
        call(
            "a set of rows is an array",
            "contract_books_of",
            &json!({"p_author": 3}),
        )
        .gives(200, is(json!([])))
        .with_header("content-range", "*/*"),
        call(
            "a set of scalars",
            "contract_numbers",
            &json!({"p_count": 3}),
        )
        .gives(200, is(json!([1, 2, 3])))
        .with_header("content-range", "0-2/*")
        .with_header("content-type", "application/json; charset=utf-8"),
        call("a table", "contract_table", &json!({"p_count": 2})).gives(
            200,
            is(json!([{"n": 1, "square": 1}, {"n": 2, "square": 4}])),
        ),
        call(
            "several out parameters are an object",
            "contract_out",
            &json!({}),
        )
        .gives(200, is(json!({"total": 3, "label": "three"}))),
        call(
            "one out parameter is an object too",
            "contract_one_out",
            &json!({}),
        )
        .gives(200, is(json!({"total": 3}))),
        call(
            "one object of a set of one",
            "contract_table",
            &json!({"p_count": 1}),
        )
        .header("accept", "application/vnd.pgrst.object+json")
        .gives(200, is(json!({"n": 1, "square": 1}))),
        call(
            "one object of a set of two",
            "contract_table",
            &json!({"p_count": 2}),
        )
        .header("accept", "application/vnd.pgrst.object+json")
        .gives(
            406,
            Body::Contains(json!({"code": "PGRST116", "details": "The result contains 2 rows"})),
        ),
        call(
            "one object of a composite",
            "contract_book",
            &json!({"p_id": 1}),
        )
        .header("accept", "application/vnd.pgrst.object+json")
        .gives(200, is(notes)),
        Case::new("HEAD has no body", Method::HEAD, "rpc/contract_add?a=1").gives(200, Body::Empty),
        call(
            "status and headers chosen by the function",
            "contract_reply",
            &json!({"p_status": "418", "p_headers": "[{\"X-Kind\": \"teapot\"}]"}),
        )
        .gives(418, is(json!("chosen")))
        .with_header("x-kind", "teapot"),
        call(
            "a chosen status that is none",
            "contract_reply",
            &json!({"p_status": "abc", "p_headers": "[]"}),
        )
        .refuses(500, "PGRST112"),
        call(
            "chosen headers that are none",
            "contract_reply",
            &json!({"p_status": "200", "p_headers": "{}"}),
        )
        .refuses(500, "PGRST111"),
    ]
}

fn refusals() -> Vec<Case> {
    vec![
        call("an unknown function", "contract_missing", &json!({"a": 1})).gives(404, Body::Contains(json!({
            "code": "PGRST202",
            "message": "Could not find the function public.contract_missing(a) in the schema cache",
            "details": "Searched for the function public.contract_missing with parameter a or with a single unnamed json/jsonb parameter, but no matches were found in the schema cache."}))),
        call("a missing argument", "contract_add", &json!({"b": 1})).refuses(404, "PGRST202"),
        call("an argument too many", "contract_add", &json!({"a": 1, "c": 1})).refuses(404, "PGRST202"),
        call("overloads that only types tell apart", "contract_two", &json!({"a": 1})).gives(300, Body::Contains(json!({
            "code": "PGRST203",
            "message": "Could not choose the best candidate function between: public.contract_two(a => integer), public.contract_two(a => text)"}))),
        Case::new("a body that is not JSON", Method::POST, "rpc/contract_add").raw_body("{\"a\":").refuses(400, "PGRST102"),
        Case::new("JSON followed by more", Method::POST, "rpc/contract_add").raw_body("{\"a\":1} x").refuses(400, "PGRST102"),
        Case::new("another content type", Method::POST, "rpc/contract_add").raw_body("<a/>")
            .header("content-type", "application/xml").refuses(400, "PGRST102"),
        call("a media type that cannot be had", "contract_add", &json!({"a": 1}))
            .header("accept", "image/png").refuses(406, "PGRST107"),
        Case::new("another method", Method::PATCH, "rpc/contract_add").body(&json!({"a": 1})).refuses(405, "PGRST101"),
        get("GET of a function that writes", "rpc/contract_insert_author?p_id=90&p_name=x")
            .sent_by(Sender::Secret).refuses(405, "25006"),
        call("a function of a schema that is not the default", "contract_here", &json!({})).refuses(404, "PGRST202"),
        call("a schema by Content-Profile", "contract_here", &json!({}))
            .header("content-profile", "contract_other").gives(200, is(json!("other")))
            .with_header("content-profile", "contract_other"),
        get("a schema by Accept-Profile", "rpc/contract_here").header("accept-profile", "contract_other")
            .gives(200, is(json!("other"))),
        call("a schema that is not exposed", "contract_here", &json!({}))
            .header("content-profile", "pg_catalog").refuses(406, "PGRST106"),
        call("no permission, without a person", "contract_secret", &json!({})).refuses(401, "42501"),
        call("no permission, as a person", "contract_secret", &json!({})).sent_by(Sender::User).refuses(403, "42501"),
        call("permission by the secret key", "contract_secret", &json!({})).sent_by(Sender::Secret)
            .gives(200, is(json!("secret"))),
        call("a duplicate key", "contract_insert_author", &json!({"p_id": 1, "p_name": "x"}))
            .sent_by(Sender::Secret).refuses(409, "23505"),
        call("a constraint that fails at commit", "contract_orphan_book", &json!({}))
            .sent_by(Sender::Secret).refuses(409, "23503"),
        call("a function's own statement_timeout", "contract_sleep", &json!({"p_seconds": 5})).refuses(500, "57014"),
        call("within its own statement_timeout", "contract_sleep", &json!({"p_seconds": 0}))
            .gives(200, is(json!("50ms"))),
        Case::new("more than the gateway lets through", Method::POST, "rpc/contract_kind")
            .raw_body(format!("{{\"p\":\"{}\"}}", "x".repeat(1_100_000))).gives(413, Body::Any),
        call("one object of two rows written", "contract_insert_two", &json!({"p_first": 50}))
            .sent_by(Sender::Secret).header("accept", "application/vnd.pgrst.object+json").refuses(406, "PGRST116"),
        get("and nothing was written", "contract_authors?author_id=gte.50&select=author_id")
            .gives(200, is(json!([]))),
    ]
}

fn raised() -> Vec<Case> {
    let raise = |name, state: &str| call(name, "contract_raise", &json!({"p_state": state}));
    vec![
        call("raise", "contract_raise", &json!({"p_state": "P0001", "p_message": "m", "p_detail": "d", "p_hint": "h"}))
            .gives(400, is(json!({"code": "P0001", "message": "m", "details": "d", "hint": "h"}))),
        raise("PT409 is 409", "PT409").refuses(409, "PT409"),
        raise("PT503 is 503", "PT503").refuses(503, "PT503"),
        raise("a class of our own is 400", "ZG009").refuses(400, "ZG009"),
        raise("a serialization failure is 500", "40001").refuses(500, "40001"),
        raise("a foreign key is 409", "23503").refuses(409, "23503"),
        raise("insufficient resources is 503", "53100").refuses(503, "53100"),
        raise("a configured limit is 500", "53400").refuses(500, "53400"),
        raise("too complex is 500", "54001").refuses(500, "54001"),
        raise("a lock not available is 500", "55P03").refuses(500, "55P03"),
        raise("no data found is 500", "P0002").refuses(500, "P0002"),
        raise("a check violation is 400", "23514").refuses(400, "23514"),
        raise("an undefined function inside is 404", "42883").refuses(404, "42883"),
        call("raise PGRST chooses everything", "contract_raise_pgrst", &json!({
            "p_message": "{\"code\":\"123\",\"message\":\"Payment\",\"details\":\"d\",\"hint\":\"h\"}",
            "p_detail": "{\"status\":402,\"headers\":{\"X-Powered-By\":\"Nerd Rage\"}}"}))
            .gives(402, is(json!({"code": "123", "message": "Payment", "details": "d", "hint": "h"})))
            .with_header("x-powered-by", "Nerd Rage"),
        call("raise PGRST that cannot be read", "contract_raise_pgrst", &json!({"p_message": "x", "p_detail": "{}"}))
            .refuses(500, "PGRST121"),
    ]
}

fn context() -> Vec<Case> {
    let sub = "00000000-0000-4000-8000-000000000001";
    vec![
        call("the role of the publishable key", "contract_context", &json!({}))
            .gives(200, Body::Contains(json!({"role": "anon"}))),
        call("the role of the secret key", "contract_context", &json!({})).sent_by(Sender::Secret)
            .gives(200, Body::Contains(json!({"role": "service_role"}))),
        call("a person's claims", "contract_context", &json!({})).sent_by(Sender::User)
            .gives(200, Body::Contains(json!({"role": "authenticated", "claims": {"sub": sub, "role": "authenticated"}}))),
        call("method, path and headers", "contract_context", &json!({})).header("x-probe", "seen")
            .gives(200, Body::Contains(json!({"method": "POST", "path": "/rpc/contract_context", "probe": "seen"}))),
    ]
}

pub(crate) fn gate() -> Vec<Case> {
    let add = |name| call(name, "contract_add", &json!({"a": 1}));
    vec![
        add("no key at all").sent_by(Sender::NoKey)
            .gives(401, Body::Contains(json!({"message": "No API key found in request"}))),
        add("an unknown key").sent_by(Sender::NoKey).header("apikey", "sb_publishable_unknown").gives(401, Body::Any),
        add("a secret key from a browser").sent_by(Sender::Secret)
            .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0").gives(401, Body::Any),
        add("something in Authorization that is no token").header("authorization", "Bearer nonsense").gives(401, Body::Any),
        add("a token of another key").header("authorization",
            "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.Zm9yZ2VkZm9yZ2VkZm9yZ2VkZm9yZ2VkZm9yZ2VkZm9").gives(401, Body::Any),
    ]
}
