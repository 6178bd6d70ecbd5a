//! The functions of schema `goalpost_worker`, called with the worker's token.

use domain::WakeId;
use serde_json::json;

use crate::call::{Call, Credential, Repeat};
use crate::{
    Claim, ClaimedStep, Error, Facts, FinishReply, FinishedStep, HeldLease, Lease, QueryResult,
    Store, SweepReport,
};

const SCHEMA: &str = "goalpost_worker";

impl Store {
    /// Claims ready steps, ready → running, and raises their lease epochs.
    ///
    /// A claim is not free to repeat: if its reply is lost, its steps are leased to nobody until the leases end and
    /// the sweep takes them back, at the cost of one attempt each. So it is repeated only when it certainly had no
    /// effect (not connected, or rolled back).
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Unauthorized`], or a bug.
    pub async fn claim_steps(
        &self,
        claim: &Claim<'_>,
        wake_id: Option<WakeId>,
    ) -> Result<Vec<ClaimedStep>, Error> {
        let call = self.worker_call("claim_steps", Repeat::IfWithoutEffect);
        let call = call.within(self.config.claim_timeout);
        let arguments = json!({
            "p_kinds": claim.kinds,
            "p_limit": claim.limit,
            "p_lease_seconds": claim.lease_seconds,
            "p_worker": claim.worker,
            "p_wake_id": wake_id,
        });
        self.rpc(call, &arguments).await
    }

    /// Reports outcomes, each judged on its own epoch, and claims the next work in the same transaction.
    ///
    /// Safe to repeat: an outcome that has counted is answered with `repeated`. The claim within it is not, see
    /// [`Store::claim_steps`]; losing an outcome would cost more than that, so the whole is repeated.
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
        });
        self.rpc(call, &arguments).await
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
    /// [`Error::QueryRefused`] for a query to be mended, [`Error::LeaseLost`] if the step is another worker's now.
    pub async fn run_query(
        &self,
        lease: &Lease,
        query: &str,
        row_limit: u32,
        byte_limit: u32,
    ) -> Result<QueryResult, Error> {
        let call = self.worker_call("run_query", Repeat::Always);
        let arguments = json!({
            "p_run_id": lease.run_id,
            "p_step_key": lease.step_key,
            "p_lease_epoch": lease.lease_epoch,
            "p_query": query,
            "p_row_limit": row_limit,
            "p_byte_limit": byte_limit,
        });
        self.rpc(call, &arguments).await
    }

    /// Finds what no wake reached, takes back expired leases, fires timers. Safe to repeat.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Unauthorized`], or a bug.
    pub async fn sweep(&self) -> Result<SweepReport, Error> {
        self.rpc(self.worker_call("sweep", Repeat::Always), &json!({}))
            .await
    }

    /// Brings the measured facts of runbooks and agents up to date. Safe to repeat.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Unauthorized`], or a bug.
    pub async fn measure_facts(&self) -> Result<Facts, Error> {
        self.rpc(
            self.worker_call("measure_facts", Repeat::Always),
            &json!({}),
        )
        .await
    }

    fn worker_call(&self, function: &'static str, repeat: Repeat) -> Call<'static> {
        Call {
            schema: SCHEMA,
            function,
            credential: Credential::Worker,
            repeat,
            timeout: self.config.timeout,
        }
    }
}
