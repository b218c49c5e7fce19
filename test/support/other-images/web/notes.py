"""An app with forms that was written for a whole host: it knows no other address than /."""

import secrets
import time

from flask import Flask, Response, abort, jsonify, redirect, request, session

app = Flask(__name__)
app.secret_key = secrets.token_bytes()
notes = []


@app.get("/")
def index():
    session["visits"] = session.get("visits", 0) + 1
    session.setdefault("csrf", secrets.token_urlsafe())
    items = "".join(f"<li>{note}</li>" for note in notes)
    return (
        f"<p>Visit {session['visits']} of {request.headers.get('X-Remote-User')}</p><ul>{items}</ul>"
        f"<form method=post action=notes><input name=csrf value={session['csrf']}><input name=text></form>"
    )


@app.post("/notes")
def add():
    if request.form["csrf"] != session.get("csrf"):
        abort(403)
    notes.append(request.form["text"])
    return redirect("/#added")


@app.get("/far")
def far():
    # As frameworks do that make whole addresses of the host that they are asked for.
    return redirect(request.host_url + "notes/list")


@app.get("/notes/list")
def list_notes():
    return jsonify(notes)


@app.get("/echo", defaults={"rest": ""})
@app.get("/echo/<path:rest>")
def echo(rest):
    return jsonify(url=request.full_path, headers=dict(request.headers))


@app.put("/size")
def size():
    return jsonify(size=sum(len(chunk) for chunk in iter(lambda: request.stream.read(65536), b"")))


@app.get("/events")
def events():
    def lines():
        for number in range(3):
            yield f"data: {number}\n\n"
            time.sleep(0.3)

    return Response(lines(), mimetype="text/event-stream")
