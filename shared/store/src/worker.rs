//! The functions of schema `goalpost_worker`, called with the worker's token.

use domain::WakeId;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::call::{Call, Credential, Repeat, pause};
use crate::rows::AskerReply;
use crate::{
    Claim, ClaimedStep, Error, FinishReply, FinishedStep, FoldReport, ForgetReport, HeldLease,
    Lease, MessageReply, QueryProblem, QueryResult, Store, SweepReport,
};

const SCHEMA: &str = "goalpost_worker";

/// The most repeats of a query while others hold the slots.
const MAX_BUSY_TRIES: u32 = 12;

impl Store {
    /// Claims ready steps, ready → running, and raises their lease epochs.
    ///
    /// Safe to repeat: a repeated call sends the leases that the worker knows of, and receives its other leases before
    /// anything new.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Unauthorized`], or a bug.
    pub async fn claim_steps(
        &self,
        claim: &Claim<'_>,
        wake_id: Option<WakeId>,
    ) -> Result<Vec<ClaimedStep>, Error> {
        let call = self.worker_call("claim_steps", Repeat::Always);
        let call = call.within(self.config.claim_timeout);
        let arguments = json!({
            "p_kinds": claim.kinds,
            "p_limit": claim.limit,
            "p_lease_seconds": claim.lease_seconds,
            "p_worker": claim.worker,
            "p_wake_id": wake_id,
            "p_holding": claim.holding,
            "p_run_id": claim.run_id,
        });
        self.claiming_rpc(call, claim, arguments).await
    }

    /// Reports outcomes, each judged on its own epoch, and claims the next work in the same transaction.
    ///
    /// Safe to repeat: an outcome that has counted is answered with `repeated`; for the claim within it, see
    /// [`Store::claim_steps`].
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Unauthorized`], or a bug. A lost lease is a verdict, no error.
    pub async fn finish_steps(
        &self,
        outcomes: &[FinishedStep],
        claim: &Claim<'_>,
    ) -> Result<FinishReply, Error> {
        let call = self.worker_call("finish_steps", Repeat::Always);
        let call = call.within(self.config.claim_timeout);
        let arguments = json!({
            "p_outcomes": outcomes,
            "p_kinds": claim.kinds,
            "p_limit": claim.limit,
            "p_lease_seconds": claim.lease_seconds,
            "p_worker": claim.worker,
            "p_holding": claim.holding,
        });
        self.claiming_rpc(call, claim, arguments).await
    }

    /// Calls a function that claims, with repeats. The leases held are left out of a first call: no lease can be
    /// unknown to this worker then, and the database would have to check.
    async fn claiming_rpc<T: DeserializeOwned>(
        &self,
        call: Call<'_>,
        claim: &Claim<'_>,
        again: Value,
    ) -> Result<T, Error> {
        let mut first = again.clone();
        if let (Value::Object(first), false) = (&mut first, claim.reply_was_lost) {
            first.insert("p_holding".to_owned(), Value::Null);
        }
        self.rpc_or_again(call, &first, &again).await
    }

    /// Renews leases. Safe to repeat.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Unauthorized`], or a bug. A lost lease is `held: false`, no error.
    pub async fn heartbeat_steps(
        &self,
        leases: &[Lease],
        lease_seconds: u32,
    ) -> Result<Vec<HeldLease>, Error> {
        let call = self.worker_call("heartbeat_steps", Repeat::Always);
        let arguments = json!({"p_leases": leases, "p_lease_seconds": lease_seconds});
        self.rpc(call, &arguments).await
    }

    /// Runs one read-only query as the asker of the step's request, under row-level security. Safe to repeat.
    ///
    /// # Errors
    /// [`Error::QueryRefused`] for a query to be corrected, [`Error::QueryTimedOut`], [`Error::QueriesBusy`],
    /// [`Error::WaitsForPerson`], [`Error::NotAllowed`], [`Error::LeaseLost`] if another worker has the step now.
    pub async fn answer_query(
        &self,
        lease: &Lease,
        query: &str,
        row_limit: u32,
        byte_limit: u32,
    ) -> Result<QueryResult, Error> {
        // A query without a reply may still run: it is not sent once more.
        let call = self.worker_call("answer_query", Repeat::IfWithoutEffect);
        let arguments = json!({
            "p_run_id": lease.run_id,
            "p_step_key": lease.step_key,
            "p_lease_epoch": lease.lease_epoch,
            "p_query": query,
            "p_row_limit": row_limit,
            "p_byte_limit": byte_limit,
        });
        let mut tries = 0;
        loop {
            let reply: AskerReply<QueryResult> = self.rpc(call, &arguments).await?;
            match reply.into_result() {
                // Most queries take milliseconds, and none longer than its limit: pauses of several seconds in all,
                // which hold no connection, spare the step its way back to the queue.
                Err(Error::QueriesBusy { .. }) if tries < MAX_BUSY_TRIES => {
                    sleep(pause(tries.min(2))).await;
                    tries = tries.saturating_add(1);
                }
                result => return result,
            }
        }
    }

    /// Checks which queries of a plan cannot run as the asker of the step's request, without running them. Safe to
    /// repeat.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Unauthorized`], [`Error::LeaseLost`] if another worker has the step now.
    pub async fn check_queries(
        &self,
        lease: &Lease,
        queries: &[&str],
    ) -> Result<Vec<QueryProblem>, Error> {
        let arguments = json!({
            "p_run_id": lease.run_id,
            "p_step_key": lease.step_key,
            "p_lease_epoch": lease.lease_epoch,
            "p_queries": queries,
        });
        self.rpc(
            self.worker_call("check_queries", Repeat::Always),
            &arguments,
        )
        .await
    }

    /// Reads common values and small counts of the tables that fit a step, as the asker of its request:
    /// `{"rows", "values"}`, or nothing where that is not permitted or fails. It taints the step. Safe to repeat.
    ///
    /// # Errors
    /// [`Error::LeaseLost`], [`Error::Unavailable`], [`Error::Unauthorized`], or a bug.
    pub async fn read_common_values(&self, lease: &Lease) -> Result<Value, Error> {
        // Work continues without them: a query without a reply is not sent once more.
        let call = self.worker_call("read_common_values", Repeat::IfWithoutEffect);
        let arguments = json!({
            "p_run_id": lease.run_id,
            "p_step_key": lease.step_key,
            "p_lease_epoch": lease.lease_epoch,
        });
        self.rpc(call, &arguments).await
    }

    /// Does one bounded round: sends missed wakes, reclaims expired leases and fires timers. [`SweepReport::more`]
    /// requests another round. Safe to repeat.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Unauthorized`], or a bug.
    pub async fn sweep(&self) -> Result<SweepReport, Error> {
        self.rpc(self.worker_call("sweep", Repeat::Always), &json!({}))
            .await
    }

    /// Records the change of a dashboard webhook for the rules that it meets and returns their number. `body` is the
    /// webhook's, unchanged. Safe to repeat: the same change again asks nothing.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a body that is no webhook, [`Error::Unavailable`], [`Error::Unauthorized`], or a bug.
    pub async fn record_webhook(&self, body: &str) -> Result<u64, Error> {
        #[derive(serde::Deserialize)]
        struct Reply {
            recorded: u64,
        }
        let call = self.worker_call("record_webhook", Repeat::Always);
        let reply: Reply = self.rpc(call, &json!({ "p_payload": body })).await?;
        Ok(reply.recorded)
    }

    /// Accepts the request of a message of the queue, by the message's id. Safe to repeat.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] where the project does not accept such requests, [`Error::Unavailable`],
    /// [`Error::Unauthorized`], another refusal by the database, or a bug.
    pub async fn accept_message(&self, id: &str, message: &Value) -> Result<MessageReply, Error> {
        let call = self.worker_call("accept_message", Repeat::Always);
        let arguments = json!({ "p_message_id": id, "p_message": message });
        self.rpc(call, &arguments).await
    }

    /// Adds the rows appended since the last fold to the statistics of runbooks and agents and to the totals of usage.
    /// Safe to repeat.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Unauthorized`], or a bug.
    pub async fn fold_statistics(&self) -> Result<FoldReport, Error> {
        self.rpc(
            self.worker_call("fold_statistics", Repeat::Always),
            &json!({}),
        )
        .await
    }

    /// Deletes requests past their workspace's retention, with everything that followed from them. Safe to repeat.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Unauthorized`], or a bug.
    pub async fn forget_work(&self, limit: u32) -> Result<ForgetReport, Error> {
        let call = self.worker_call("forget_work", Repeat::Always);
        self.rpc(
            call.within(self.config.claim_timeout),
            &json!({"p_limit": limit}),
        )
        .await
    }

    /// Returns the evidence for a step of kind `analyze`, about its workspace: an object with lists, at most about 8 MB.
    ///
    /// # Errors
    /// [`Error::LeaseLost`], [`Error::Unavailable`], [`Error::Unauthorized`], or a bug.
    pub async fn read_evidence<T: DeserializeOwned>(&self, lease: &Lease) -> Result<T, Error> {
        let call = self.worker_call("read_evidence", Repeat::Always);
        let arguments = json!({
            "p_run_id": lease.run_id,
            "p_step_key": lease.step_key,
            "p_lease_epoch": lease.lease_epoch,
        });
        self.rpc(call.within(self.config.claim_timeout), &arguments)
            .await
    }

    /// Builds a call of a worker's function that may be repeated after any failure.
    pub(crate) fn repeatable_call(&self, function: &'static str) -> Call<'static> {
        self.worker_call(function, Repeat::Always)
    }

    pub(crate) fn worker_call(&self, function: &'static str, repeat: Repeat) -> Call<'static> {
        Call {
            schema: SCHEMA,
            function,
            credential: Credential::Worker,
            repeat,
            timeout: self.config.timeout,
        }
    }
}
