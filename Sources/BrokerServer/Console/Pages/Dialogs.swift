import ConnectionService

/// The dialogs for those who may connect; the page's script opens and fills them.
enum Dialogs {
  static let html: HTML = """
    <dialog id="connect" aria-labelledby="connect-title">
    <form method="dialog" class="ask">
    <h2 id="connect-title">Connect to <bdi data-slot="device"></bdi></h2>
    <p><label for="note">Why <small>(shown to everybody and kept)</small></label>
    <input id="note" name="note" maxlength="\(ConnectRequest.noteBytesMax)" autocomplete="off"></p>
    <p><label for="idle">Close when idle for <small>(minutes, 5 to 60)</small></label>
    <input id="idle" name="idle" type="number" min="5" max="60" step="1" placeholder="20"
    aria-describedby="idle-hint">
    <small id="idle-hint">A tunnel that is up keeps its own idle time.</small></p>
    <div class="buttons"><button type="submit" class="primary">Connect</button>
    <button type="button" data-do="dismiss">Cancel</button></div>
    </form>
    <section class="progress" hidden>
    <h2>Connecting to <bdi data-slot="device"></bdi></h2>
    <ol class="steps">
    <li data-step="asked">The broker takes the request</li>
    <li data-step="tunnel">The device brings its tunnel up</li>
    <li data-step="up">The connection is up</li>
    </ol>
    <p class="hint" data-slot="elapsed"></p>
    <p class="unseen" role="status" data-slot="step"></p>
    <div data-slot="outcome"></div>
    <div class="buttons"><button type="button" data-do="dismiss">Cancel the request</button></div>
    <p class="hint" data-slot="leaving">Leaving this page cancels the request.</p>
    </section>
    </dialog>
    <dialog id="close" aria-labelledby="close-title">
    <form method="dialog" class="ask">
    <h2 id="close-title" data-slot="question"></h2>
    <p data-slot="effect"></p>
    <div data-slot="outcome"></div>
    <div class="buttons"><button type="submit" class="danger" data-slot="verb">Close</button>
    <button type="button" data-do="dismiss">Leave it open</button></div>
    </form>
    </dialog>
    """
}
