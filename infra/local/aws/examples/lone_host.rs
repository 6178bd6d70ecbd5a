//! A Lambda host in a process of its own, which a test kills to check that its functions end with it.
//!
//! Its arguments: the function's program, and the address at which a test answers that function.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use local_aws::lambda::{FunctionConfig, Host, HostConfig, InvocationType};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let program = arguments.next().unwrap_or_default();
    let address = arguments.next().unwrap_or_default();
    let mut config = HostConfig::new(arguments.next().unwrap_or_default());
    let mut function = FunctionConfig::new("echo", program);
    function.timeout = Duration::from_secs(600);
    function.environment = BTreeMap::from([("ASK".to_owned(), address)]);
    config.functions.push(function);
    let host = Host::start(config).await?;
    // The test lets one of them answer, so that it is frozen, and keeps the other one running.
    let both = [(); 2].map(|()| host.invoke("echo", Bytes::new(), InvocationType::RequestResponse));
    futures::future::join_all(both).await;
    std::future::pending().await
}
