"""What users read: findings, their rules, and which of them count."""
