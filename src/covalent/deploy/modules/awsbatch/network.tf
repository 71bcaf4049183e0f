# Public subnets without a NAT gateway, which would be billed by the hour: nothing can reach into them.

data "aws_availability_zones" "this" {
  count = local.own_network ? 1 : 0

  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  zones = local.own_network ? slice(sort(data.aws_availability_zones.this[0].names), 0, min(4, length(data.aws_availability_zones.this[0].names))) : []

  vpc_id     = local.own_network ? aws_vpc.this[0].id : var.vpc_id
  subnet_ids = local.own_network ? aws_subnet.this[*].id : var.subnet_ids
}

resource "aws_vpc" "this" {
  #checkov:skip=CKV2_AWS_11:flow logs are billed by volume, and nothing can connect into this network: the security group lets nobody in

  count = local.own_network ? 1 : 0

  cidr_block           = var.vpc_cidr
  enable_dns_hostnames = true
  tags                 = { Name = var.prefix }
}

# Every VPC has this one, and it lets its members reach one another. Nobody is a member here.
resource "aws_default_security_group" "this" {
  count = local.own_network ? 1 : 0

  vpc_id = aws_vpc.this[0].id
}

resource "aws_subnet" "this" {
  count = length(local.zones)

  vpc_id                  = aws_vpc.this[0].id
  availability_zone       = local.zones[count.index]
  cidr_block              = cidrsubnet(var.vpc_cidr, 4, count.index)
  map_public_ip_on_launch = true
  tags                    = { Name = "${var.prefix}-${local.zones[count.index]}" }
}

resource "aws_internet_gateway" "this" {
  count = local.own_network ? 1 : 0

  vpc_id = aws_vpc.this[0].id
  tags   = { Name = var.prefix }
}

resource "aws_route_table" "this" {
  count = local.own_network ? 1 : 0

  vpc_id = aws_vpc.this[0].id
  tags   = { Name = var.prefix }
}

resource "aws_route" "internet" {
  count = local.own_network ? 1 : 0

  route_table_id         = aws_route_table.this[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
}

resource "aws_route_table_association" "this" {
  count = length(local.zones)

  subnet_id      = aws_subnet.this[count.index].id
  route_table_id = aws_route_table.this[0].id
}

# What tasks read and write in S3 does not leave AWS's network. Endpoints of this kind cost nothing.
resource "aws_vpc_endpoint" "s3" {
  count = local.own_network ? 1 : 0

  vpc_id          = aws_vpc.this[0].id
  service_name    = "com.amazonaws.${var.region}.s3"
  route_table_ids = [aws_route_table.this[0].id]
  tags            = { Name = var.prefix }
}

resource "aws_security_group" "this" {
  name        = "${var.prefix}-tasks"
  description = "Tasks of Covalent reach everything and are reached by nobody"
  vpc_id      = local.vpc_id
  tags        = { Name = var.prefix }

  lifecycle {
    precondition {
      condition     = local.own_network == (length(var.subnet_ids) == 0)
      error_message = "A VPC of yours and its subnets go together: set both vpc_id and subnet_ids, or neither."
    }
  }
}

# Images and packages come from anywhere.
resource "aws_vpc_security_group_egress_rule" "this" {
  security_group_id = aws_security_group.this.id
  description       = "Registries, package indexes, AWS and what tasks themselves ask for"
  ip_protocol       = "-1"
  cidr_ipv4         = "0.0.0.0/0"
}
