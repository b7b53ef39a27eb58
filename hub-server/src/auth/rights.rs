//! Rights, and which role has which. A right lets an account use the console; it opens no gate.

use serde::Deserialize;
use serde::Serialize;

/// What an account may do in the console. Every route names one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// See passages and their pictures.
    ViewPassages,
    /// See permits.
    ViewPermits,
    /// Create, change, withdraw and import permits.
    EditPermits,
    /// Open and close a gate by hand.
    OrderBarrier,
    /// Look through a camera, and set how often and where it looks.
    ConfigureCameras,
    /// See visits and who is on site.
    ViewVisits,
    /// Close visits by hand.
    CorrectVisits,
    /// See sites, gates and edges.
    ViewFleet,
    /// Enrol and retire edges.
    EnrolEdges,
    /// See the audit trail.
    ViewAudit,
    /// See and create accounts.
    ManageAccounts,
    /// See the models in use.
    ViewModels,
    /// Read the hub's metrics.
    Metrics,
}

impl Right {
    /// All of them, in the order of the documented matrix.
    pub const ALL: [Self; 13] = [
        Self::ViewPassages,
        Self::ViewPermits,
        Self::EditPermits,
        Self::OrderBarrier,
        Self::ConfigureCameras,
        Self::ViewVisits,
        Self::CorrectVisits,
        Self::ViewFleet,
        Self::EnrolEdges,
        Self::ViewAudit,
        Self::ManageAccounts,
        Self::ViewModels,
        Self::Metrics,
    ];

    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::ViewPassages => "view_passages",
            Self::ViewPermits => "view_permits",
            Self::EditPermits => "edit_permits",
            Self::OrderBarrier => "order_barrier",
            Self::ConfigureCameras => "configure_cameras",
            Self::ViewVisits => "view_visits",
            Self::CorrectVisits => "correct_visits",
            Self::ViewFleet => "view_fleet",
            Self::EnrolEdges => "enrol_edges",
            Self::ViewAudit => "view_audit",
            Self::ManageAccounts => "manage_accounts",
            Self::ViewModels => "view_models",
            Self::Metrics => "metrics",
        }
    }
}

/// What an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs the hub.
    Admin,
    /// Runs the gates.
    Operator,
    /// Looks.
    Viewer,
}

impl Role {
    /// All of them, strongest first.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Operator, Self::Viewer];

    /// Its name in the API and in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
        }
    }

    /// The role of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether the role has the right.
    pub fn may(self, right: Right) -> bool {
        match right {
            Right::ViewPassages
            | Right::ViewPermits
            | Right::ViewVisits
            | Right::ViewFleet
            | Right::ViewModels => true,
            Right::EditPermits
            | Right::OrderBarrier
            | Right::ConfigureCameras
            | Right::CorrectVisits => matches!(self, Self::Admin | Self::Operator),
            Right::EnrolEdges | Right::ViewAudit | Right::ManageAccounts | Right::Metrics => {
                matches!(self, Self::Admin)
            }
        }
    }

    /// The rights that the role has.
    pub fn rights(self) -> Vec<Right> {
        Right::ALL
            .into_iter()
            .filter(|right| self.may(*right))
            .collect()
    }
}
