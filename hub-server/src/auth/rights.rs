//! Rights, and which of them the seeded roles have at install. A right lets an account use the console; it opens no gate.

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
    /// See, make and change accounts and roles.
    ManageAccounts,
    /// See and revoke API keys, and make some of one's own.
    ManageKeys,
    /// See and change webhooks and where the hub publishes.
    ManageIntegrations,
    /// See the models in use.
    ViewModels,
    /// Read the hub's metrics.
    Metrics,
}

impl Right {
    /// All of them, in the order of the documented matrix.
    pub const ALL: [Self; 15] = [
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
        Self::ManageKeys,
        Self::ManageIntegrations,
        Self::ViewModels,
        Self::Metrics,
    ];

    /// Its name in the API and in the store.
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
            Self::ManageKeys => "manage_keys",
            Self::ManageIntegrations => "manage_integrations",
            Self::ViewModels => "view_models",
            Self::Metrics => "metrics",
        }
    }

    /// The right of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.name() == name)
    }

    /// Whether it is about the whole organisation or the hub, so that an account limited to sites does not have it,
    /// whatever its role says.
    pub fn is_organisation_wide(self) -> bool {
        match self {
            Self::ViewAudit
            | Self::ManageAccounts
            | Self::ManageKeys
            | Self::ManageIntegrations
            | Self::Metrics => true,
            Self::ViewPassages
            | Self::ViewPermits
            | Self::EditPermits
            | Self::OrderBarrier
            | Self::ConfigureCameras
            | Self::ViewVisits
            | Self::CorrectVisits
            | Self::ViewFleet
            | Self::EnrolEdges
            | Self::ViewModels => false,
        }
    }
}

/// A role that every organisation has from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seeded {
    /// Runs the hub: every right, of the future, too.
    Admin,
    /// Runs the gates.
    Operator,
    /// Looks.
    Viewer,
    /// Mounts and services edges and gates.
    Technician,
    /// A customer, who sees nothing of the operator's.
    Customer,
}

impl Seeded {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Admin,
        Self::Operator,
        Self::Viewer,
        Self::Technician,
        Self::Customer,
    ];

    /// Its name in the API and in the store; people can't change it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
            Self::Technician => "technician",
            Self::Customer => "customer",
        }
    }

    /// The seeded role of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether it has the right at install. People may change it afterwards, but for the administrator's.
    pub fn starts_with(self, right: Right) -> bool {
        match right {
            Right::ViewPassages | Right::ViewFleet | Right::ViewModels => self != Self::Customer,
            Right::ViewPermits | Right::ViewVisits => {
                matches!(self, Self::Admin | Self::Operator | Self::Viewer)
            }
            Right::EditPermits | Right::CorrectVisits => {
                matches!(self, Self::Admin | Self::Operator)
            }
            Right::OrderBarrier | Right::ConfigureCameras => {
                matches!(self, Self::Admin | Self::Operator | Self::Technician)
            }
            Right::EnrolEdges => matches!(self, Self::Admin | Self::Technician),
            Right::ViewAudit
            | Right::ManageAccounts
            | Right::ManageKeys
            | Right::ManageIntegrations
            | Right::Metrics => self == Self::Admin,
        }
    }
}
