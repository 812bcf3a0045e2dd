"""The command line: each verb is a module NAME_verb.py; frame.py finds and runs them."""
