//! The requests for tables, each with its expected response.

use super::cases::{Body, Case, Sender};
use reqwest::Method;
use serde_json::{Value, json};

fn read(name: &'static str, query: &str, wanted: Value) -> Case {
    Case::new(name, Method::GET, query).gives(200, Body::Json(wanted))
}

fn write(name: &'static str, method: Method, path: &str, body: &Value) -> Case {
    Case::new(name, method, path)
        .sent_by(Sender::Secret)
        .body(body)
}

pub(crate) fn tables() -> Vec<Case> {
    let mut cases = filters();
    cases.extend(pages());
    cases.extend(embeds());
    cases.extend(writes());
    cases.extend(permissions());
    cases
}

fn filters() -> Vec<Case> {
    let books = |filter: &str| format!("contract_books?select=book_id&order=book_id&{filter}");
    let ids = |ids: &[i64]| {
        ids.iter()
            .map(|id| json!({"book_id": id}))
            .collect::<Value>()
    };
    vec![
        read("eq", &books("book_id=eq.2"), ids(&[2])),
        read("neq", &books("book_id=neq.2"), ids(&[1, 3, 4])),
        read("gt", &books("pages=gt.65"), ids(&[3])),
        read("gte", &books("pages=gte.65"), ids(&[1, 3])),
        read("lt", &books("pages=lt.65"), ids(&[4])),
        read("lte", &books("pages=lte.65"), ids(&[1, 4])),
        read(
            "in",
            &books("title=in.(Notes,\"A nanosecond\")"),
            ids(&[1, 4]),
        ),
        read("is null", &books("pages=is.null"), ids(&[2])),
        read("not is null", &books("pages=not.is.null"), ids(&[1, 3, 4])),
        read("like", &books("title=like.*otes"), ids(&[1])),
        read("ilike", &books("title=ilike.*NANO*"), ids(&[4])),
        read("or", &books("or=(book_id.eq.1,pages.gt.100)"), ids(&[1, 3])),
        read(
            "two filters on one column",
            &books("book_id=gt.1&book_id=lt.4"),
            ids(&[2, 3]),
        ),
        read(
            "contains in jsonb",
            &books("tags=cs.[\"cobol\"]"),
            ids(&[3]),
        ),
        read(
            "a renamed column and a json path",
            "contract_books?select=id:book_id,tag:tags->>0&book_id=eq.3",
            json!([{"id": 3, "tag": "cobol"}]),
        ),
        read(
            "a timestamp in ISO form",
            "contract_books?select=written_at&book_id=eq.1",
            json!([{"written_at": "2026-01-02T03:04:05+00:00"}]),
        ),
        // PostgREST answers 42703, postrust PGRST204: the status is the contract.
        Case::new(
            "a column that is not there",
            Method::GET,
            "contract_books?select=nothing",
        )
        .gives(400, Body::Any),
        Case::new(
            "a table that is not there",
            Method::GET,
            "contract_nothing_here",
        )
        .refuses(404, "PGRST205"),
        Case::new(
            "a filter that cannot be read",
            Method::GET,
            "contract_books?book_id=bogus.1",
        )
        .refuses(400, "PGRST100"),
    ]
}

fn pages() -> Vec<Case> {
    vec![
        read(
            "order, limit and offset",
            "contract_books?select=book_id&order=pages.desc.nullslast&limit=2&offset=1",
            json!([{"book_id": 1}, {"book_id": 4}]),
        ),
        read(
            "nulls first",
            "contract_books?select=book_id&order=pages.asc.nullsfirst&limit=1",
            json!([{"book_id": 2}]),
        ),
        Case::new(
            "an exact count",
            Method::GET,
            "contract_books?select=book_id&order=book_id&limit=2",
        )
        .header("prefer", "count=exact")
        .gives(206, Body::Json(json!([{"book_id": 1}, {"book_id": 2}])))
        .with_header("content-range", "0-1/4"),
        Case::new(
            "a range",
            Method::GET,
            "contract_books?select=book_id&order=book_id",
        )
        .header("range-unit", "items")
        .header("range", "1-2")
        .gives(200, Body::Json(json!([{"book_id": 2}, {"book_id": 3}])))
        .with_header("content-range", "1-2/*"),
        Case::new(
            "a count without rows",
            Method::HEAD,
            "contract_books?select=book_id",
        )
        .header("prefer", "count=exact")
        .gives(200, Body::Empty)
        .with_header("content-range", "0-3/4"),
        Case::new(
            "one object",
            Method::GET,
            "contract_books?select=title&book_id=eq.1",
        )
        .header("accept", "application/vnd.pgrst.object+json")
        .gives(200, Body::Json(json!({"title": "Notes"}))),
        Case::new(
            "one object of several",
            Method::GET,
            "contract_books?select=title",
        )
        .header("accept", "application/vnd.pgrst.object+json")
        .refuses(406, "PGRST116"),
        Case::new(
            "one object of none",
            Method::GET,
            "contract_books?select=title&book_id=eq.77",
        )
        .header("accept", "application/vnd.pgrst.object+json")
        .gives(
            406,
            Body::Contains(json!({"code": "PGRST116", "details": "The result contains 0 rows"})),
        ),
    ]
}

fn embeds() -> Vec<Case> {
    vec![
        read(
            "the parent of a row",
            "contract_books?select=title,contract_authors(name)&book_id=eq.1",
            json!([{"title": "Notes", "contract_authors": {"name": "Ada"}}]),
        ),
        read(
            "the children of a row",
            "contract_authors?select=name,contract_books(title)&author_id=eq.2&contract_books.order=book_id",
            json!([{"name": "Grace", "contract_books": [{"title": "Compilers"}, {"title": "A nanosecond"}]}]),
        ),
        read(
            "no children are an empty array",
            "contract_authors?select=name,contract_books(title)&author_id=eq.3",
            json!([{"name": "Alan", "contract_books": []}]),
        ),
        read(
            "a renamed embedding",
            "contract_books?select=by:contract_authors(name)&book_id=eq.3",
            json!([{"by": {"name": "Grace"}}]),
        ),
        read(
            "inner leaves out rows without a match",
            "contract_authors?select=name,contract_books!inner(title)&contract_books.pages=gt.100",
            json!([{"name": "Grace", "contract_books": [{"title": "Compilers"}]}]),
        ),
        Case::new(
            "no such relationship",
            Method::GET,
            "contract_books?select=title,contract_notes(body)",
        )
        .refuses(400, "PGRST200"),
    ]
}

fn writes() -> Vec<Case> {
    let row = json!({"author_id": 20, "name": "Hedy"});
    let authors = "contract_authors";
    vec![
        write("insert", Method::POST, authors, &row).gives(201, Body::Empty),
        write(
            "insert and see it",
            Method::POST,
            authors,
            &json!({"author_id": 21, "name": "Joan"}),
        )
        .header("prefer", "return=representation")
        .gives(201, Body::Json(json!([{"author_id": 21, "name": "Joan"}]))),
        write(
            "insert several",
            Method::POST,
            "contract_authors?select=author_id",
            &json!([{"author_id": 22, "name": "Kay"}, {"author_id": 23, "name": "Liskov"}]),
        )
        .header("prefer", "return=representation")
        .gives(
            201,
            Body::Json(json!([{"author_id": 22}, {"author_id": 23}])),
        ),
        write("insert a duplicate", Method::POST, authors, &row).refuses(409, "23505"),
        write("ignore a duplicate", Method::POST, authors, &row)
            .header(
                "prefer",
                "resolution=ignore-duplicates,return=representation",
            )
            .gives(201, Body::Json(json!([]))),
        write(
            "merge a duplicate",
            Method::POST,
            authors,
            &json!({"author_id": 20, "name": "Hedy Lamarr"}),
        )
        .header(
            "prefer",
            "resolution=merge-duplicates,return=representation",
        )
        .gives(
            200,
            Body::Json(json!([{"author_id": 20, "name": "Hedy Lamarr"}])),
        ),
        write(
            "merge on another column",
            Method::POST,
            "contract_authors?on_conflict=name",
            &json!({"author_id": 20, "name": "Hedy Lamarr"}),
        )
        .header("prefer", "resolution=merge-duplicates")
        .gives(200, Body::Empty),
        write(
            "an unknown column",
            Method::POST,
            authors,
            &json!({"nothing": 1}),
        )
        .refuses(400, "PGRST204"),
        write(
            "update",
            Method::PATCH,
            "contract_authors?author_id=eq.20",
            &json!({"name": "H. Lamarr"}),
        )
        .header("prefer", "return=representation")
        .gives(
            200,
            Body::Json(json!([{"author_id": 20, "name": "H. Lamarr"}])),
        ),
        write(
            "update without asking to see it",
            Method::PATCH,
            "contract_authors?author_id=eq.20",
            &json!({"name": "Hedy"}),
        )
        .gives(204, Body::Empty),
        Case::new(
            "delete",
            Method::DELETE,
            "contract_authors?author_id=gte.20",
        )
        .sent_by(Sender::Secret)
        .gives(204, Body::Empty),
        read(
            "and they are gone",
            "contract_authors?author_id=gte.20&select=author_id",
            json!([]),
        ),
    ]
}

fn permissions() -> Vec<Case> {
    vec![
        Case::new(
            "a person sees their rows",
            Method::GET,
            "contract_notes?select=body",
        )
        .sent_by(Sender::User)
        .gives(200, Body::Json(json!([{"body": "mine"}]))),
        Case::new(
            "the secret key sees all",
            Method::GET,
            "contract_notes?select=body&order=note_id",
        )
        .sent_by(Sender::Secret)
        .gives(
            200,
            Body::Json(json!([{"body": "mine"}, {"body": "theirs"}])),
        ),
        Case::new(
            "anonymous reads none",
            Method::GET,
            "contract_notes?select=body",
        )
        .refuses(401, "42501"),
        Case::new(
            "a person may not write what is only read",
            Method::POST,
            "contract_authors",
        )
        .sent_by(Sender::User)
        .body(&json!({"author_id": 30, "name": "x"}))
        .refuses(403, "42501"),
        Case::new(
            "a table of another schema",
            Method::GET,
            "things?select=label",
        )
        .header("accept-profile", "contract_other")
        .gives(200, Body::Json(json!([{"label": "one"}]))),
        Case::new(
            "a schema that is not exposed, for tables",
            Method::GET,
            "pg_class",
        )
        .header("accept-profile", "pg_catalog")
        .refuses(406, "PGRST106"),
        Case::new("no key for a table", Method::GET, "contract_books")
            .sent_by(Sender::NoKey)
            .gives(401, Body::Any),
    ]
}
