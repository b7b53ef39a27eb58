//! Which models each edge runs (GR-16).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use contract::event::ModelChanged;
use serde::Serialize;
use utoipa::ToSchema;

use super::at::At;
use super::caller::Asked;
use super::error::ErrorBody;
use super::error::WebError;
use super::page::Page;
use crate::audit;
use crate::fleet;
use crate::hub::Hub;
use crate::parking::Named;
use crate::store::Priority;

/// A model, and whether it is loaded.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Model {
    /// Its name.
    #[schema(example = "plate-reader")]
    pub name: String,
    /// Its version.
    #[schema(example = "1")]
    pub version: String,
    /// SHA-256 of its weights, in hex.
    pub sha256: String,
    /// The size of its input.
    #[schema(example = "160x40")]
    pub input: String,
    /// What it tells apart.
    pub classes: String,
    /// Whether it is loaded.
    pub loaded: bool,
    /// Why it is not.
    pub why: String,
}

/// A model of an edge.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelOfEdge {
    /// The edge.
    pub edge: Named,
    /// The model.
    #[serde(flatten)]
    pub model: Model,
    /// When the edge said so.
    pub at: At,
}

impl From<ModelChanged> for Model {
    fn from(model: ModelChanged) -> Self {
        Self {
            name: model.name,
            version: model.version,
            sha256: model.sha256,
            input: model.input,
            classes: model.classes,
            loaded: model.loaded,
            why: model.why,
        }
    }
}

/// Lists the models of every edge with version, hash, input size, classes and load state. Looking is audited.
#[utoipa::path(
    get,
    path = "/api/v1/models/metadata",
    tag = "fleet",
    responses((status = 200, body = Page<ModelOfEdge>), (status = "default", body = ErrorBody))
)]
pub async fn list_models(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
) -> Result<Json<Page<ModelOfEdge>>, WebError> {
    let reach = asked.caller.reach;
    let entry = asked.entry(
        hub.clock.wall(),
        "models.view",
        ("models", String::new()),
        "Looked at the models in use.",
        serde_json::json!({}),
    );
    let (models, edges) = hub
        .store
        .write(Priority::People, move |tx| {
            audit::record(tx, &entry)?;
            Ok::<_, WebError>((
                fleet::edges::list_models(tx, reach)?,
                fleet::edges::list_edges(tx, reach)?,
            ))
        })
        .await?;
    let items = models
        .into_iter()
        .map(|of| ModelOfEdge {
            edge: Named {
                id: of.edge.0,
                name: edges
                    .iter()
                    .find(|edge| edge.id == of.edge)
                    .map(|edge| edge.name.clone())
                    .unwrap_or_default(),
            },
            model: of.model.into(),
            at: of.at.into(),
        })
        .collect();
    Ok(Json(Page {
        items,
        next_cursor: None,
    }))
}
