//! Selection of the mutants of the database to run.

use std::collections::BTreeSet;

use super::mutant::Mutant;
use super::sample;

/// Limits of a run; the default selects all mutants.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Functions, tables or views, with or without their schema.
    pub objects: Vec<String>,
    /// Areas.
    pub areas: Vec<String>,
    /// Names of mutants; none: all.
    pub names: BTreeSet<String>,
    /// Size of the sample, and its seed.
    pub sample: Option<(usize, u64)>,
}

impl Choice {
    /// Returns the selected ones of these mutants.
    #[must_use]
    pub fn of(&self, mutants: &[Mutant]) -> Vec<Mutant> {
        let chosen = mutants
            .iter()
            .filter(|mutant| self.takes(mutant))
            .cloned()
            .collect();
        match self.sample {
            None => chosen,
            Some((count, seed)) => sample::choose(chosen, Mutant::id, count, seed),
        }
    }

    fn takes(&self, mutant: &Mutant) -> bool {
        let object = mutant.object.split('(').next().unwrap_or(&mutant.object);
        let bare = object.rsplit('.').next().unwrap_or(object);
        let is_object = self
            .objects
            .iter()
            .any(|wanted| wanted == object || wanted == bare);
        (self.objects.is_empty() || is_object)
            && (self.areas.is_empty() || self.areas.contains(&mutant.area))
            && (self.names.is_empty() || self.names.contains(&mutant.id()))
    }
}
