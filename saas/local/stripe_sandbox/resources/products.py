"""Products: names for prices."""

from typing import Final

from saas.local.stripe_sandbox.errors import invalid
from saas.local.stripe_sandbox.events import changed, emit
from saas.local.stripe_sandbox.metadata import merged
from saas.local.stripe_sandbox.routes import Call, route, within
from saas.local.stripe_sandbox.store import Object

_CHANGEABLE: Final = ("name", "active", "description", "metadata", "unit_label", "statement_descriptor", "url")


@route("POST", "/v1/products", params="ProductCreateParams", object="product")
def create(call: Call) -> Object:
    call.only("id", *_CHANGEABLE)
    wanted = call.params.get("id")
    if wanted and call.store.get(wanted) is not None:
        raise invalid("Product already exists.", "id", "resource_already_exists")
    product: Object = {
        "id": wanted or call.store.new_id("prod"),
        "object": "product",
        "active": True,
        "created": call.now,
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": {},
        "name": "",
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service",
        "unit_label": None,
        "updated": call.now,
        "url": None,
    }
    product = call.store.put(_with(product, call))
    emit(call.store, "product.created", product)
    return product


def _with(product: Object, call: Call) -> Object:
    plain = {key: call.params[key] for key in _CHANGEABLE if key in call.params and key != "metadata"}
    result = product | {key: None if value == "" else value for key, value in plain.items()}
    return result | {"metadata": merged(product["metadata"], call.params.get("metadata", {})), "updated": call.now}


@route("GET", "/v1/products", params="ProductListParams", object="product")
def index(call: Call) -> Object:
    params = call.params
    found = [
        product
        for product in call.store.find("product", **({"active": params["active"]} if "active" in params else {}))
        if within(product["created"], params.get("created")) and product["id"] in params.get("ids", [product["id"]])
    ]
    return call.page(found, "active", "created", "ids")


@route("GET", "/v1/products/{id}", params="ProductRetrieveParams", object="product")
def retrieve(call: Call) -> Object:
    call.only()
    return call.must("product", "id")


@route("POST", "/v1/products/{id}", params="ProductUpdateParams", object="product")
def update(call: Call) -> Object:
    call.only(*_CHANGEABLE)
    before = call.must("product", "id")
    after = call.store.put(_with(before, call))
    emit(call.store, "product.updated", after, changed(before, after))
    return after


@route("DELETE", "/v1/products/{id}", params="ProductDeleteParams", object="product")
def delete(call: Call) -> Object:
    """Only without prices."""
    call.only()
    product = call.must("product", "id")
    if call.store.find("price", product=product["id"]):
        raise invalid("This product cannot be deleted because it has one or more user-created prices.")
    emit(call.store, "product.deleted", product)
    return call.store.put({"id": product["id"], "object": "product", "deleted": True})
