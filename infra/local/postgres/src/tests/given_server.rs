//! Tests of a server given by `DATABASE_URL`.

use super::*;

#[tokio::test]
async fn missing_extension_is_named() {
    let client = session().await;
    let missing = given::missing_extensions(&client, &["vector", "no_such_one", "pgmq"])
        .await
        .unwrap();
    assert_eq!(missing, ["no_such_one"]);
}

#[tokio::test]
async fn complete_server_is_used_as_it_is() {
    let (server, name) = database().await;
    let address = given::check(&server.url(SUPERUSER, &name)).await.unwrap();
    assert_eq!(address.port(), server.port());
    let given = Server::given(server.home().clone(), address);
    database::bootstrap(&given, &name).await.unwrap();
    given.stop().unwrap();
    assert!(server.is_running(), "it is not ours to stop");
    given.crash().expect_err("it is not ours to crash");
}

#[tokio::test]
async fn address_without_a_server_is_named() {
    let error = given::check("postgres://postgres@127.0.0.1:1/postgres")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("port 1"), "{error}");
}
