"""HTTP: accounts and links, town halls, pages and security headers, health and metrics."""
