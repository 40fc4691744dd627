"""Load generators: plan to command line, output to :class:`runner.model.Load`. No process is started here."""
