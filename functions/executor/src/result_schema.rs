//! The schema of a step's result, where its plan has one, and the tool `submit_result` by which the agent submits the
//! result. A result that does not fit goes back to the model as the error of its call.

use domain::json_schema::result_problem;
use domain::{JsonSchema, Tool};
use serde_json::{Map, Value, json};
use store::StepError;

/// The tool that ends an agent's step.
pub(crate) const SUBMIT_RESULT: &str = "submit_result";

/// The schema of a result; without one, every object fits.
#[derive(Debug, Default)]
pub(crate) struct ResultSchema {
    schema: Option<Value>,
}

impl ResultSchema {
    /// Reads the `output_schema` of a step.
    ///
    /// # Errors
    /// `schema_unusable` for a schema that cannot be checked, or that no object fits: another attempt finds the same.
    pub(crate) fn parse(schema: Option<Value>) -> Result<Self, StepError> {
        if let Some(problem) = schema.as_ref().and_then(result_problem) {
            let message = format!(
                "the step's output_schema cannot be used: {problem}; plan the step with a simpler schema, or with none"
            );
            return Err(StepError::terminal("schema_unusable", message));
        }
        Ok(Self { schema })
    }

    /// Describes `submit_result` to the model; none where every result fits.
    pub(crate) fn tool(&self) -> Option<Tool> {
        let schema = self.schema.as_ref()?;
        serde_json::from_value(json!({
            "name": SUBMIT_RESULT,
            "description": "Submits the result of the step and ends it. The arguments are the result; they must have this form.",
            "parameters": schema, "version": 1, "idempotent": true, "writes": false,
        }))
        .ok()
    }

    /// Checks a result.
    ///
    /// # Errors
    /// `result_does_not_fit`, with a message by which a model can correct the result.
    pub(crate) fn check(&self, result: &Value) -> Result<(), StepError> {
        let checked = match &self.schema {
            _ if !result.is_object() => Err("the result must be an object".to_owned()),
            Some(schema) => JsonSchema::parse(schema).and_then(|schema| schema.check(result)),
            None => Ok(()),
        };
        checked.map_err(|problem| {
            let message = format!(
                "the result does not have the form that the step's schema requires: {problem}"
            );
            StepError::terminal("result_does_not_fit", message)
        })
    }

    /// Reads an agent's final answer as the step's result. Where there is a schema, the answer is JSON that fits.
    ///
    /// # Errors
    /// A message with what the model has to do instead.
    pub(crate) fn parse_final_answer(&self, result: Map<String, Value>) -> Result<Value, String> {
        if self.schema.is_none() {
            return Ok(Value::Object(result));
        }
        let text = result.get("text").and_then(Value::as_str);
        let value: Value = serde_json::from_str(text.unwrap_or_default()).unwrap_or_default();
        match self.check(&value) {
            Ok(()) => Ok(value),
            Err(error) => Err(format!(
                "The result of this step has to be submitted by calling {SUBMIT_RESULT}: {}.",
                error.message
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn schema() -> ResultSchema {
        ResultSchema::parse(Some(json!({
            "type": "object", "required": ["title"], "additionalProperties": false,
            "properties": {"title": {"type": "string", "pattern": "^[a-z]+$"}, "n": {"anyOf": [{"type": "null"}, {"minimum": 1}]}},
        })))
        .unwrap()
    }

    #[test]
    fn result_is_checked_by_the_whole_schema() {
        assert_eq!(schema().check(&json!({"title": "abc", "n": 1})), Ok(()));
        for (result, problem) in [
            (json!({}), "\"title\" is missing"),
            (json!({"title": "Abc"}), "\"title\" must match ^[a-z]+$"),
            (
                json!({"title": "abc", "n": 0}),
                "\"n\" has none of the forms",
            ),
            (json!({"title": "abc", "x": 0}), "\"x\" is not allowed"),
            (json!([]), "the result must be an object"),
        ] {
            let error = schema().check(&result).unwrap_err();
            assert_eq!(error.code, "result_does_not_fit");
            assert!(
                error.message.contains(problem),
                "{result}: {}",
                error.message
            );
        }
        let any = ResultSchema::parse(None).unwrap();
        assert_eq!(any.check(&json!({"any": "thing"})), Ok(()));
        assert!(any.check(&json!("text")).is_err());
    }

    #[test]
    fn unusable_schema_fails_the_step() {
        for schema in [
            json!({"$ref": "https://example.com/s.json"}),
            json!({"unevaluatedProperties": false}),
            json!("object"),
            json!({"type": "array", "items": {"type": "string"}}),
        ] {
            let error = ResultSchema::parse(Some(schema)).unwrap_err();
            assert_eq!(
                (error.code.as_ref(), error.retryable),
                ("schema_unusable", false)
            );
            assert!(error.message.contains("plan the step"), "{}", error.message);
        }
    }

    #[test]
    fn final_answer_must_be_json_matching_schema() {
        let answer = |text: &str| json!({"text": text}).as_object().unwrap().clone();
        let parsed = schema().parse_final_answer(answer(r#"{"title": "abc"}"#));
        assert_eq!(parsed, Ok(json!({"title": "abc"})));
        let problem = schema()
            .parse_final_answer(answer("Here it is."))
            .unwrap_err();
        assert!(problem.contains("calling submit_result"), "{problem}");
        let any = ResultSchema::parse(None).unwrap();
        assert!(any.parse_final_answer(answer("Here it is.")).is_ok());
        assert!(any.tool().is_none());
        assert_eq!(schema().tool().unwrap().name, SUBMIT_RESULT);
    }
}
