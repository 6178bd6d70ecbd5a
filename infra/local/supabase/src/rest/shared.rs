//! The state that all routes share.

use super::config::RestConfig;
use super::figures::Figures;
use super::pool::Pool;
use super::routine;
use super::table_server::Tables;

pub(super) struct Shared {
    pub(super) config: RestConfig,
    pub(super) pool: Pool,
    pub(super) routines: routine::Cache,
    pub(super) tables: Tables,
    pub(super) figures: Figures,
}
