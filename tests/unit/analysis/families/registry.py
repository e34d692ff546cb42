"""All families, in the order of the report."""

from .devices import HEALTH, PHONE
from .machines import BLUE, CLUSTER, LAPTOP, SERVICING
from .servers import APACHE, LINUX, PROXY, THUNDERBIRD
from .services import ACCESS, AGENT, DATABASE, JVM, KEYVALUE

FAMILIES = (
    APACHE, LINUX, THUNDERBIRD, PROXY, BLUE, CLUSTER, SERVICING, LAPTOP, PHONE, HEALTH,
    ACCESS, AGENT, KEYVALUE, DATABASE, JVM,
)
