"""GAN against VAE: one decoder taught in two ways, measured by one table."""
