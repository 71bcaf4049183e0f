# The policy scan looks at the modules with all optional parts, which it would otherwise leave out.
registry          = true
service_principal = true
private_network   = true
expire_days       = 30
project_id        = "example-project"
client            = "user:someone@example.com"
