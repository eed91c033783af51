locals {
  makes_security_group = local.in_vpc && length(var.security_group_ids) == 0 && var.vpc_id != null
}

resource "aws_security_group" "functions" {
  count = local.makes_security_group ? 1 : 0

  name        = "${var.name_prefix}functions"
  description = "Keywheel, out to the databases and to AWS"
  vpc_id      = var.vpc_id
  tags        = var.tags
}

resource "aws_vpc_security_group_egress_rule" "databases" {
  count = local.makes_security_group ? 1 : 0

  security_group_id = aws_security_group.functions[0].id
  description       = "to the databases"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = var.database_port
  to_port           = var.database_port
}

resource "aws_vpc_security_group_egress_rule" "aws" {
  count = local.makes_security_group ? 1 : 0

  security_group_id = aws_security_group.functions[0].id
  description       = "to Secrets Manager"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_ingress_rule" "databases" {
  count = length(var.database_security_group_ids)

  security_group_id            = var.database_security_group_ids[count.index]
  description                  = "from the functions of Keywheel"
  referenced_security_group_id = local.makes_security_group ? aws_security_group.functions[0].id : var.security_group_ids[0]
  ip_protocol                  = "tcp"
  from_port                    = var.database_port
  to_port                      = var.database_port
  tags                         = var.tags

  lifecycle {
    precondition {
      condition     = local.in_vpc
      error_message = "database_security_group_ids needs subnet_ids."
    }
  }
}

resource "aws_security_group" "endpoint" {
  count = var.create_secretsmanager_endpoint ? 1 : 0

  name        = "${var.name_prefix}secretsmanager-endpoint"
  description = "Keywheel, in to the endpoint of Secrets Manager"
  vpc_id      = var.vpc_id
  tags        = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "endpoint" {
  count = var.create_secretsmanager_endpoint ? 1 : 0

  security_group_id            = aws_security_group.endpoint[0].id
  description                  = "from the functions"
  referenced_security_group_id = local.makes_security_group ? aws_security_group.functions[0].id : var.security_group_ids[0]
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_endpoint" "secrets_manager" {
  count = var.create_secretsmanager_endpoint ? 1 : 0

  service_name        = "com.amazonaws.${local.region}.secretsmanager"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  vpc_id              = var.vpc_id
  subnet_ids          = var.subnet_ids
  security_group_ids  = [aws_security_group.endpoint[0].id]
  tags                = var.tags

  lifecycle {
    precondition {
      condition     = var.vpc_id != null && local.in_vpc
      error_message = "create_secretsmanager_endpoint needs vpc_id and subnet_ids."
    }
  }
}
