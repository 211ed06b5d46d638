"""Attendance: one record a person a day, kept by devices and read here."""

from sandbox.entities.base import CREATED, ID, READ, TENANT, UPDATED, computed, hidden
from sandbox.entity import Entity
from sandbox.fields import Kind
from sandbox.ids import UUID4

ATTENDANCE = Entity(
    name="attendance_record",
    plural="attendance",
    path="/api/hrms/attendance",
    key=UUID4,
    fields=(
        ID,
        TENANT,
        computed("employeeId", Kind.REFERENCE, refers="employee"),
        computed("day", Kind.DATE),
        computed("status", Kind.CHOICE, choices=("P", "A", "HD", "L", "H", "WO")),
        computed("inAt", Kind.INSTANT),
        computed("outAt", Kind.INSTANT),
        computed("minutesWorked", Kind.INTEGER),
        computed("lateBy", Kind.INTEGER),
        computed("source", Kind.CHOICE, choices=("DEVICE", "WEB", "MANUAL", "IMPORT")),
        computed("remark", Kind.TEXT),
        *hidden("geo", "ip", "deviceId", "photoUrl"),
        CREATED,
        UPDATED,
    ),
    sorts=("createdAt", "updatedAt", "day"),
    list_filters=("employeeId", "status"),
    ranges={"day": ("from", "to")},
    searched=(),
    operations=READ,
    style="cursor",
)
