"""A page of marimo: what it shows is worked out when somebody opens it, and sent by a WebSocket."""

import marimo

app = marimo.App()


@app.cell
def _():
    answer = 6 * 7
    f"the answer is {answer}"
    return


if __name__ == "__main__":
    app.run()
