"""What Homeroom adds to Jupyter's server; config/jupyter_server_config.py names the classes."""
