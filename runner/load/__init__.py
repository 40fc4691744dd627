"""Load generators: plan to command line, output to :class:`runner.record.trial.Load`. No process is started here."""
