//! The report of a period of a workspace.

mod data;
mod html;
mod markdown;

pub(super) use data::Report;
pub(super) use html::page;
pub(super) use markdown::text;

#[cfg(test)]
mod tests;
