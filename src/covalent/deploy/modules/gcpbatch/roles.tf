resource "google_service_account" "tasks" {
  project      = var.project_id
  account_id   = "${var.prefix}-tasks"
  display_name = "Tasks of Covalent"

  depends_on = [time_sleep.services]
}

# What tasks and their machines may do: report, write and read logs, read and write objects of the one bucket, pull images.

resource "google_project_iam_member" "tasks" {
  for_each = toset(["roles/batch.agentReporter", "roles/logging.logWriter", "roles/logging.viewer"])

  project = var.project_id
  role    = each.value
  member  = google_service_account.tasks.member
}

# What objectCreator and objectViewer may do, and delete and replace besides.
resource "google_storage_bucket_iam_member" "tasks" {
  bucket = google_storage_bucket.this.name
  role   = "roles/storage.objectUser"
  member = google_service_account.tasks.member
}

resource "google_artifact_registry_repository_iam_member" "tasks" {
  count = var.registry ? 1 : 0

  project    = var.project_id
  location   = var.region
  repository = google_artifact_registry_repository.this[0].name
  role       = "roles/artifactregistry.reader"
  member     = google_service_account.tasks.member
}

# What whoever runs the server may do: submit jobs as that account, read their logs, read and write the same objects.

resource "google_project_iam_member" "client" {
  for_each = var.client == null ? toset([]) : toset(["roles/batch.jobsEditor", "roles/logging.viewer"])

  project = var.project_id
  role    = each.value
  member  = var.client

  depends_on = [time_sleep.services]
}

resource "google_service_account_iam_member" "client" {
  count = var.client == null ? 0 : 1

  service_account_id = google_service_account.tasks.name
  role               = "roles/iam.serviceAccountUser"
  member             = var.client
}

resource "google_storage_bucket_iam_member" "client" {
  count = var.client == null ? 0 : 1

  bucket = google_storage_bucket.this.name
  role   = "roles/storage.objectUser"
  member = var.client
}
