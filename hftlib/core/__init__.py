"""The ground floor: types, events, clocks, configuration and errors that every room shares."""
