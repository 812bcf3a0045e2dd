"""The ground floor: types, events, states, configuration and errors that every room shares."""
