resource "google_compute_network" "this" {
  #checkov:skip=CKV2_GCP_18:a network without firewall rules lets nothing in, and no default network is used

  count = var.private_network ? 1 : 0

  project                 = var.project_id
  name                    = "${var.prefix}-network"
  auto_create_subnetworks = false

  depends_on = [time_sleep.services]
}

# Google's services are reached from within; everything else through the gateway.
resource "google_compute_subnetwork" "this" {
  #checkov:skip=CKV_GCP_26:flow logs are billed by volume, and nothing can connect into this network

  count = var.private_network ? 1 : 0

  project                  = var.project_id
  name                     = "${var.prefix}-subnetwork"
  region                   = var.region
  network                  = google_compute_network.this[0].id
  ip_cidr_range            = var.network_cidr
  private_ip_google_access = true
}

resource "google_compute_router" "this" {
  count = var.private_network ? 1 : 0

  project = var.project_id
  name    = "${var.prefix}-router"
  region  = var.region
  network = google_compute_network.this[0].id
}

resource "google_compute_router_nat" "this" {
  count = var.private_network ? 1 : 0

  project                            = var.project_id
  name                               = "${var.prefix}-nat"
  region                             = var.region
  router                             = google_compute_router.this[0].name
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "ALL_SUBNETWORKS_ALL_IP_RANGES"
}
