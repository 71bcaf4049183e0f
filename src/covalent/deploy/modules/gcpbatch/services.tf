locals {
  services = toset([
    "artifactregistry.googleapis.com",
    "batch.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "compute.googleapis.com",
    "iam.googleapis.com",
    "logging.googleapis.com",
    "storage.googleapis.com",
  ])
}

# They stay enabled when all of this is taken down: others in the project may use them, and they cost nothing.
resource "google_project_service" "this" {
  for_each = local.services

  project            = var.project_id
  service            = each.value
  disable_on_destroy = false
}

# Services answer some time after they were enabled.
resource "time_sleep" "services" {
  create_duration = "60s"

  triggers = { services = join(",", sort([for service in google_project_service.this : service.service])) }
}
