//! Every route on one line: its access, method, path and handler.

use std::sync::Arc;

use axum::routing::MethodRouter;
use axum::routing::get;
use utoipa::openapi::RefOr;
use utoipa::openapi::Schema;
use utoipa::openapi::path::Paths;
use utoipa_axum::router::UtoipaMethodRouter;
use utoipa_axum::routes;

use super::accounts;
use super::addresses;
use super::api_keys;
use super::audit;
use super::audit_export;
use super::cameras;
use super::checklist;
use super::dashboard;
use super::docs;
use super::edges;
use super::gates;
use super::health;
use super::live;
use super::models;
use super::mqtt;
use super::passage_export;
use super::passages;
use super::permit_preview;
use super::permits;
use super::preferences;
use super::roles;
use super::saved_searches;
use super::second_factor;
use super::session;
use super::sessions;
use super::setup;
use super::sites;
use super::statistics;
use super::tokens;
use super::trust;
use super::visits;
use super::webhook_letters;
use super::webhooks;
use crate::auth::Right;
use crate::hub::Hub;

/// Body bytes that a route takes unless its line says otherwise.
pub(super) const BODY_BYTES: usize = 1024 * 1024;
/// Body bytes that an import takes.
pub(super) const IMPORT_BYTES: usize = 4 * 1024 * 1024;

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Anybody.
    Open,
    /// Whoever is logged in, whatever the role.
    LoggedIn,
    /// Whoever is logged in and has the right.
    Right(Right),
    /// As `Right(Metrics)`, or with the scrape token.
    Scrape,
}

/// One route.
pub(super) struct Line {
    pub(super) access: Access,
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) methods: MethodRouter<Arc<Hub>>,
    pub(super) body_bytes: usize,
    pub(super) paths: Paths,
    pub(super) schemas: Vec<(String, RefOr<Schema>)>,
}

/// The table.
#[rustfmt::skip]
pub(super) fn table() -> Vec<Line> {
    use Access::LoggedIn;
    use Access::Open;
    use Access::Scrape;
    vec![
        line(Open, "GET", "/health", routes!(health::show_health)),
        line(Open, "GET", "/ready", routes!(health::show_ready)),
        line(Scrape, "GET", "/metrics", routes!(health::show_metrics)),
        line(Open, "GET", "/authority.crt", routes!(health::show_authority)),
        plain(Open, "GET", "/trust", get(trust::show_trust)),
        plain(Open, "GET", "/openapi.json", get(docs::show_document)),
        plain(Open, "GET", "/docs", get(docs::show_page)),
        plain(Open, "GET", "/docs/", get(docs::show_page)),
        plain(Open, "GET", "/docs/{file}", get(docs::show_file)),

        line(Open, "GET", "/api/v1/setup", routes!(setup::show_setup)),
        line(Open, "POST", "/api/v1/setup", routes!(setup::set_up)),
        line(Open, "POST", "/api/v1/session", routes!(session::log_in)),
        line(Open, "POST", "/api/v1/auth/token", routes!(tokens::issue_tokens)),
        line(Open, "POST", "/api/v1/auth/refresh", routes!(tokens::renew_tokens)),
        line(Open, "POST", "/api/v1/auth/revoke", routes!(tokens::revoke_tokens)),
        line(LoggedIn, "GET", "/api/v1/session", routes!(session::show_session)),
        line(LoggedIn, "DELETE", "/api/v1/session", routes!(session::log_out)),
        line(LoggedIn, "PUT", "/api/v1/session/password", routes!(sessions::change_password)),
        line(LoggedIn, "GET", "/api/v1/session/preferences", routes!(preferences::show_preferences)),
        line(LoggedIn, "PUT", "/api/v1/session/preferences", routes!(preferences::set_preferences)),
        line(LoggedIn, "GET", "/api/v1/session/second-factor", routes!(second_factor::show_second_factor)),
        line(LoggedIn, "POST", "/api/v1/session/second-factor", routes!(second_factor::begin_second_factor)),
        line(LoggedIn, "PUT", "/api/v1/session/second-factor", routes!(second_factor::confirm_second_factor)),
        line(LoggedIn, "POST", "/api/v1/session/second-factor/off", routes!(second_factor::turn_second_factor_off)),
        line(LoggedIn, "GET", "/api/v1/sessions", routes!(sessions::list_sessions)),
        line(LoggedIn, "DELETE", "/api/v1/sessions/{id}", routes!(sessions::end_session)),
        line(needs(Right::ManageAccounts), "GET", "/api/v1/accounts", routes!(accounts::list_accounts)),
        line(needs(Right::ManageAccounts), "POST", "/api/v1/accounts", routes!(accounts::create_account)),
        line(needs(Right::ManageAccounts), "GET", "/api/v1/accounts/{id}", routes!(accounts::show_account)),
        line(needs(Right::ManageAccounts), "PUT", "/api/v1/accounts/{id}", routes!(accounts::change_account)),
        line(needs(Right::ManageAccounts), "DELETE", "/api/v1/accounts/{id}", routes!(accounts::remove_account)),
        line(needs(Right::ManageAccounts), "PUT", "/api/v1/accounts/{id}/password", routes!(accounts::reset_password)),
        line(needs(Right::ManageAccounts), "DELETE", "/api/v1/accounts/{id}/sessions", routes!(accounts::end_sessions)),
        line(needs(Right::ManageAccounts), "DELETE", "/api/v1/accounts/{id}/second-factor", routes!(second_factor::reset_second_factor)),
        line(needs(Right::ManageAccounts), "GET", "/api/v1/roles", routes!(roles::list_roles)),
        line(needs(Right::ManageAccounts), "POST", "/api/v1/roles", routes!(roles::create_role)),
        line(needs(Right::ManageAccounts), "PUT", "/api/v1/roles/{id}", routes!(roles::change_role)),
        line(needs(Right::ManageAccounts), "DELETE", "/api/v1/roles/{id}", routes!(roles::remove_role)),
        line(needs(Right::ManageKeys), "GET", "/api/v1/keys", routes!(api_keys::list_keys)),
        line(needs(Right::ManageKeys), "POST", "/api/v1/keys", routes!(api_keys::create_key)),
        line(needs(Right::ManageKeys), "DELETE", "/api/v1/keys/{id}", routes!(api_keys::revoke_key)),
        line(needs(Right::ManageIntegrations), "GET", "/api/v1/webhooks", routes!(webhooks::list_webhooks)),
        line(needs(Right::ManageIntegrations), "POST", "/api/v1/webhooks", routes!(webhooks::create_webhook)),
        line(needs(Right::ManageIntegrations), "GET", "/api/v1/webhooks/{id}", routes!(webhooks::show_webhook)),
        line(needs(Right::ManageIntegrations), "PUT", "/api/v1/webhooks/{id}", routes!(webhooks::change_webhook)),
        line(needs(Right::ManageIntegrations), "DELETE", "/api/v1/webhooks/{id}", routes!(webhooks::remove_webhook)),
        line(needs(Right::ManageIntegrations), "POST", "/api/v1/webhooks/{id}/restore", routes!(webhooks::restore_webhook)),
        line(needs(Right::ManageIntegrations), "POST", "/api/v1/webhooks/{id}/secret", routes!(webhooks::renew_secret)),
        line(needs(Right::ManageIntegrations), "POST", "/api/v1/webhooks/{id}/test", routes!(webhook_letters::test_webhook)),
        line(needs(Right::ManageIntegrations), "GET", "/api/v1/webhooks/{id}/deliveries", routes!(webhook_letters::list_deliveries)),
        line(needs(Right::ManageIntegrations), "GET", "/api/v1/webhooks/{id}/dead-letters", routes!(webhook_letters::list_dead_letters)),
        line(needs(Right::ManageIntegrations), "POST", "/api/v1/webhooks/{id}/dead-letters/replay", routes!(webhook_letters::replay_dead_letters)),
        line(needs(Right::ManageIntegrations), "POST", "/api/v1/webhooks/{id}/dead-letters/{number}/replay", routes!(webhook_letters::replay_dead_letter)),
        line(needs(Right::ViewAudit), "GET", "/api/v1/audit", routes!(audit::list_audit)),
        line(needs(Right::Metrics), "GET", "/api/v1/addresses", routes!(addresses::list_addresses)),
        line(needs(Right::ViewAudit), "GET", "/api/v1/audit/counts", routes!(audit_export::count_audit)),
        line(needs(Right::ViewAudit), "GET", "/api/v1/audit/export", routes!(audit_export::export_audit)),
        line(needs(Right::ManageIntegrations), "GET", "/api/v1/mqtt", routes!(mqtt::show_mqtt)),
        line(needs(Right::ManageIntegrations), "PUT", "/api/v1/mqtt", routes!(mqtt::set_mqtt)),
        line(needs(Right::ManageIntegrations), "DELETE", "/api/v1/mqtt", routes!(mqtt::remove_mqtt)),
        line(needs(Right::ViewPassages), "GET", "/api/v1/live", routes!(live::follow_live)),

        line(needs(Right::ViewPassages), "GET", "/api/v1/passages", routes!(passages::list_passages)),
        line(needs(Right::ViewPassages), "GET", "/api/v1/passages/count", routes!(passages::count_passages)),
        line(needs(Right::ViewPassages), "GET", "/api/v1/passages/export", routes!(passage_export::export_passages)),
        line(needs(Right::ViewPassages), "GET", "/api/v1/passages/searches", routes!(saved_searches::list_searches)),
        line(needs(Right::ViewPassages), "POST", "/api/v1/passages/searches", routes!(saved_searches::keep_search)),
        line(needs(Right::ViewPassages), "PUT", "/api/v1/passages/searches/{id}", routes!(saved_searches::change_search)),
        line(needs(Right::ViewPassages), "DELETE", "/api/v1/passages/searches/{id}", routes!(saved_searches::forget_search)),
        line(needs(Right::ViewPassages), "GET", "/api/v1/passages/{id}", routes!(passages::show_passage)),
        line(needs(Right::ViewPassages), "GET", "/api/v1/passages/{id}/pictures/{kind}", routes!(passages::show_picture)),
        line(needs(Right::ViewPermits), "GET", "/api/v1/permits", routes!(permits::list_permits)),
        line(needs(Right::EditPermits), "POST", "/api/v1/permits", routes!(permits::create_permit)),
        line(needs(Right::ViewPermits), "GET", "/api/v1/permits/preview", routes!(permit_preview::preview_permit)),
        line(needs(Right::ViewPermits), "GET", "/api/v1/permits/{id}", routes!(permits::show_permit)),
        line(needs(Right::EditPermits), "PUT", "/api/v1/permits/{id}", routes!(permits::change_permit)),
        line(needs(Right::EditPermits), "DELETE", "/api/v1/permits/{id}", routes!(permits::withdraw_permit)),
        line(needs(Right::EditPermits), "POST", "/api/v1/permits/{id}/restore", routes!(permits::restore_permit)),
        line(needs(Right::ViewPermits), "GET", "/api/v1/permits.csv", routes!(permits::export_permits)),
        line(needs(Right::EditPermits), "POST", "/api/v1/permits/import", routes!(permits::import_permits)).up_to(IMPORT_BYTES),
        line(needs(Right::ViewVisits), "GET", "/api/v1/visits", routes!(visits::list_visits)),
        line(needs(Right::CorrectVisits), "POST", "/api/v1/visits", routes!(visits::open_visit)),
        line(needs(Right::CorrectVisits), "POST", "/api/v1/visits/{id}/close", routes!(visits::close_visit)),
        line(needs(Right::ViewVisits), "GET", "/api/v1/occupancy", routes!(visits::show_occupancy)),
        line(needs(Right::ViewPassages), "GET", "/api/v1/statistics", routes!(statistics::show_statistics)),
        line(LoggedIn, "GET", "/api/v1/dashboard", routes!(dashboard::show_dashboard)),
        line(needs(Right::ManageAccounts), "GET", "/api/v1/checklist", routes!(checklist::show_checklist)),
        line(needs(Right::ViewFleet), "GET", "/api/v1/sites", routes!(sites::list_sites)),
        line(needs(Right::ViewFleet), "GET", "/api/v1/gates", routes!(gates::list_gates)),
        line(needs(Right::ViewFleet), "GET", "/api/v1/gates/{id}/orders", routes!(gates::list_orders)),
        line(needs(Right::OrderBarrier), "POST", "/api/v1/gates/{id}/orders", routes!(gates::give_order)),
        line(needs(Right::ViewFleet), "GET", "/api/v1/gates/{id}/cameras/{camera}", routes!(cameras::show_camera)),
        line(needs(Right::ConfigureCameras), "PUT", "/api/v1/gates/{id}/cameras/{camera}", routes!(cameras::set_camera)),
        line(needs(Right::ConfigureCameras), "POST", "/api/v1/gates/{id}/cameras/{camera}/restore", routes!(cameras::restore_camera)),
        line(needs(Right::ViewFleet), "GET", "/api/v1/gates/{id}/cameras/{camera}/history", routes!(cameras::list_camera_history)),
        line(needs(Right::ConfigureCameras), "GET", "/api/v1/gates/{id}/cameras/{camera}/snapshot", routes!(cameras::show_snapshot)),
        line(needs(Right::ViewFleet), "GET", "/api/v1/edges", routes!(edges::list_edges)),
        line(needs(Right::EnrolEdges), "DELETE", "/api/v1/edges/{id}", routes!(edges::retire_edge)),
        line(needs(Right::EnrolEdges), "GET", "/api/v1/edges/enrolments", routes!(edges::list_enrolments)),
        line(needs(Right::EnrolEdges), "POST", "/api/v1/edges/enrolments", routes!(edges::enrol_edge)),
        line(needs(Right::ViewModels), "GET", "/api/v1/models/metadata", routes!(models::list_models)),
    ]
}

/// Every route as settings name it: `POST /api/v1/session`.
pub(super) fn names() -> Vec<String> {
    let lines = table().into_iter();
    lines
        .map(|line| format!("{} {}", line.method, line.path))
        .collect()
}

fn needs(right: Right) -> Access {
    Access::Right(right)
}

/// A route of the API, with its part of the document.
fn line(
    access: Access,
    method: &'static str,
    path: &'static str,
    (schemas, paths, methods): UtoipaMethodRouter<Arc<Hub>>,
) -> Line {
    Line {
        access,
        method,
        path,
        methods,
        body_bytes: BODY_BYTES,
        paths,
        schemas,
    }
}

/// A route that is no part of the document.
fn plain(
    access: Access,
    method: &'static str,
    path: &'static str,
    methods: MethodRouter<Arc<Hub>>,
) -> Line {
    line(access, method, path, (Vec::new(), Paths::new(), methods))
}

impl Line {
    /// Lets the route take larger bodies.
    fn up_to(mut self, bytes: usize) -> Self {
        self.body_bytes = bytes;
        self
    }
}
