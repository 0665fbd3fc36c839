"""One HTML file about one evaluation: see :func:`model.driver.report.page.write_report`."""
