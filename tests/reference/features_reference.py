"""Plain reference versions of every feature: slow, short, and written from the papers."""


def order_flow_event(before, after):
    """Return e_n of Cont, Kukanov, Stoikov (2014); rows are (bid, bid size, ask, ask size)."""
    bid_0, bid_size_0, ask_0, ask_size_0 = before
    bid_1, bid_size_1, ask_1, ask_size_1 = after
    flow = 0
    if bid_1 >= bid_0:
        flow += bid_size_1
    if bid_1 <= bid_0:
        flow -= bid_size_0
    if ask_1 <= ask_0:
        flow -= ask_size_1
    if ask_1 >= ask_0:
        flow += ask_size_0
    return flow
