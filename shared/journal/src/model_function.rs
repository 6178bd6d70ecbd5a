//! Functions that need a worker and a language model, and no configuration of their own.

use std::error::Error;
use std::marker::PhantomData;
use std::sync::Arc;

use domain::StepKind;
use llm::{LazyModel, ModelConfig};
use runtime::{Config, Environment, Function, Interrupted, StepContext, Worker};
use serde_json::Value;
use store::ClaimedStep;

use crate::model::{lazy_model, read_model_config};

/// The work of such a function.
pub trait ModelFunction: Send + Sync + 'static {
    /// The function's name in wakes and logs.
    const NAME: &'static str;
    /// The kinds of steps that it claims.
    const KINDS: &'static [StepKind];

    /// Works on one claimed step; returns its result.
    ///
    /// # Errors
    /// The step failed, or its lease is lost.
    fn work(
        worker: &Worker,
        model: &LazyModel,
        step: &ClaimedStep,
        context: &StepContext,
    ) -> impl Future<Output = Result<Value, Interrupted>> + Send;
}

/// The function with its worker and model.
pub struct WithModel<F> {
    worker: Worker,
    model: LazyModel,
    work: PhantomData<F>,
}

impl<F: ModelFunction> Function for WithModel<F> {
    const NAME: &'static str = F::NAME;
    const KINDS: &'static [StepKind] = F::KINDS;
    type Config = ModelConfig;

    fn configure(environment: &mut Environment, _: &Config) -> ModelConfig {
        read_model_config(environment)
    }

    fn new(worker: Worker, config: ModelConfig) -> Result<Self, Box<dyn Error>> {
        let model = lazy_model(&worker, config);
        Ok(Self {
            worker,
            model,
            work: PhantomData,
        })
    }

    fn worker(&self) -> &Worker {
        &self.worker
    }

    async fn work(
        self: Arc<Self>,
        step: ClaimedStep,
        context: StepContext,
    ) -> Result<Value, Interrupted> {
        F::work(&self.worker, &self.model, &step, &context).await
    }
}
