"""All pages of the counter."""

from tenants.counter import acts, desk, enrolling, home, offline, prints, quoting, sale, scanning, shift, undoing

HANDLERS = [
    *home.HANDLERS,
    *quoting.HANDLERS,
    *desk.HANDLERS,
    *sale.HANDLERS,
    *enrolling.HANDLERS,
    *acts.HANDLERS,
    *undoing.HANDLERS,
    *scanning.HANDLERS,
    *offline.HANDLERS,
    *prints.HANDLERS,
    *shift.HANDLERS,
]
