"""Exports ask nothing of the internet. For the server's menu and for `jupyter nbconvert` in a terminal."""

import os

c = get_config()  # noqa: F821

base_url = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/")

c.HTMLExporter.template_name = "homeroom"
c.HTMLExporter.mathjax_url = f"{base_url}static/mathjax/MathJax.js?config=TeX-AMS_SVG-full,Safe"

# What needs TeX, pandoc or a browser, which the image does not have, or scripts from the internet.
c.ASCIIDocExporter.enabled = False
c.LatexExporter.enabled = False
c.PDFExporter.enabled = False
c.QtPDFExporter.enabled = False
c.QtPNGExporter.enabled = False
c.RSTExporter.enabled = False
c.SlidesExporter.enabled = False
c.WebPDFExporter.enabled = False
