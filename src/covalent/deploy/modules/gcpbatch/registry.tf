resource "google_artifact_registry_repository" "this" {
  #checkov:skip=CKV_GCP_84:Google encrypts with a key of its own; images hold no data of tasks

  count = var.registry ? 1 : 0

  project       = var.project_id
  location      = var.region
  repository_id = "${var.prefix}-images"
  description   = "Images of Covalent's tasks"
  format        = "DOCKER"

  depends_on = [time_sleep.services]
}
