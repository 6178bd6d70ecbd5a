//! The model of a function, from its environment and its secrets.

use llm::{KeyReaders, LazyModel, ModelConfig};
use runtime::{Environment, Worker};

/// Reads the settings of the model; its keys are secrets, which are read later.
pub fn read_model_config(environment: &mut Environment) -> ModelConfig {
    let (model, problems) = ModelConfig::read(|name| environment.optional(name));
    for problem in &problems {
        environment.problem(problem);
    }
    model
}

/// Builds the model of a function.
#[must_use]
pub fn lazy_model(worker: &Worker, config: ModelConfig) -> LazyModel {
    let keys = KeyReaders {
        anthropic: worker.optional_secret("anthropic_api_key"),
        openai: worker.optional_secret("openai_api_key"),
    };
    LazyModel::new(config, keys)
}
