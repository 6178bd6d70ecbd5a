//! Runbooks and questions as vectors, so that a question is matched by its meaning.
//!
//! Only a provider's embeddings serve: the built-in one compares words and their parts, which the database does itself.

use llm::TextRole;
use llm::embeddings::{baseline, baseline_texts};
use runtime::Interrupted;
use store::{EmbeddedRunbooks, Embedding, MatchedQuestion, RunbookToEmbed, StepError};

use journal::Journal;

use crate::Memories;
use crate::embedding::StepEmbedding;

/// A question with its vector, and the runbooks that it matches.
#[derive(Debug)]
pub struct Question {
    /// The vector, for memories too.
    pub embedding: Embedding,
    /// The candidates, as in the context of an assessment; none where the context has those by this vector already.
    pub runbooks: Option<serde_json::Value>,
}

/// Embeds the question of an assessment, and matches it by its meaning. The vector is kept with the request, so that the
/// plan needs no other call. Returns none, at no cost, where the built-in embedding serves, or an earlier attempt has
/// kept the vector (`known_space`). A failure is logged, and the question is matched by its words alone.
pub async fn match_question(
    journal: &Journal<'_>,
    text: &str,
    known_space: Option<&str>,
) -> Option<Question> {
    let model = journal.model();
    let texts = [text.to_owned()];
    model.embedding_call(TextRole::Query, &texts)?;
    let space = model.embedding_space().ok()?;
    if journal.is_continued() || known_space == Some(space.as_str()) {
        return None;
    }
    let memories = Memories::new(journal.store(), model, journal.context());
    let embedding = memories.embed(0, TextRole::Query, text).await?;
    let runbooks = match matched(journal, &memories, &embedding).await {
        Ok(matched) => Some(matched.runbooks),
        Err(interrupted) => {
            tracing::warn!(?interrupted, "runbooks are matched by words alone");
            None
        }
    };
    Some(Question {
        embedding,
        runbooks,
    })
}

/// Matches the question. Runbooks that were published or applied since the last question are embedded first: one batch,
/// so that a question never waits for many.
async fn matched(
    journal: &Journal<'_>,
    memories: &Memories<'_>,
    embedding: &Embedding,
) -> Result<MatchedQuestion, Interrupted> {
    let (store, lease) = (journal.store(), journal.context().lease());
    let matched = store.match_question(lease, embedding).await?;
    if matched.is_complete {
        return Ok(matched);
    }
    match embed_runbooks(memories.embedding(), 0, &embedding.space, 1).await {
        Ok(_) => Ok(store.match_question(lease, embedding).await?),
        Err(interrupted) => {
            tracing::warn!(?interrupted, "new runbooks are matched by words alone");
            Ok(matched)
        }
    }
}

/// Moves runbooks into the space, at most so many batches; returns the number of those that are in it.
pub(crate) async fn embed_runbooks(
    embedding: StepEmbedding<'_>,
    call_number: i32,
    space: &str,
    batches: usize,
) -> Result<u64, Interrupted> {
    let mut embedded = EmbeddedRunbooks::default();
    let mut batch = 0;
    loop {
        let lease = embedding.context.lease();
        let next = embedding
            .store
            .embed_runbooks(lease, space, &embedded)
            .await?;
        let is_done = next.runbooks.is_empty() && !next.needs_baseline;
        if is_done || batch == batches {
            return Ok(next.runbook_count);
        }
        if embedding.context.is_stopping() {
            return Err(Interrupted::Stopping);
        }
        embedded = embed_batch(embedding, call_number, next.runbooks, next.needs_baseline).await?;
        batch += 1;
    }
}

/// Embeds the texts of runbooks, and those that measure the baseline of the space.
async fn embed_batch(
    embedding: StepEmbedding<'_>,
    call_number: i32,
    runbooks: Vec<RunbookToEmbed>,
    needs_baseline: bool,
) -> Result<EmbeddedRunbooks, Interrupted> {
    let (questions, others) = match needs_baseline {
        true => baseline_texts(),
        false => (Vec::new(), Vec::new()),
    };
    let of_runbooks = runbooks.iter().flat_map(|one| one.texts.iter());
    let texts: Vec<String> = others.iter().chain(of_runbooks).cloned().collect();
    let passages = embedding
        .texts(call_number, TextRole::Passage, &texts)
        .await?;
    let mut vectors = passages.vectors.into_iter();
    let others: Vec<Vec<f32>> = vectors.by_ref().take(others.len()).collect();
    let measured = match needs_baseline {
        true => {
            let questions = embedding
                .texts(call_number, TextRole::Query, &questions)
                .await?;
            Some(baseline(&questions.vectors, &others))
        }
        false => None,
    };
    let runbooks = runbooks
        .into_iter()
        .map(|one| {
            let vectors = vectors.by_ref().take(one.texts.len()).collect();
            (one.runbook_id, vectors)
        })
        .collect();
    Ok(EmbeddedRunbooks {
        runbooks,
        baseline: measured,
    })
}

/// Moves all runbooks of the workspace into the space of the configured model; returns the number of those that are in
/// it, and none where the built-in embedding serves.
pub(crate) async fn embed_all_runbooks(
    embedding: StepEmbedding<'_>,
    call_number: i32,
) -> Result<u64, Interrupted> {
    if embedding
        .model
        .embedding_call(TextRole::Passage, &[])
        .is_none()
    {
        return Ok(0);
    }
    let space = embedding.model.embedding_space().map_err(StepError::from)?;
    embed_runbooks(embedding, call_number, &space, usize::MAX).await
}
