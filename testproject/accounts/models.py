"""Customers and where they live."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A customer, or a member of the staff."""

    email = models.EmailField("email address", unique=True)
    phone = models.CharField(max_length=32, blank=True, default="")
    wants_newsletter = models.BooleanField(default=False)
    favourites = models.ManyToManyField("catalog.Product", blank=True, related_name="favoured_by")


class Address(models.Model):
    """A place that a customer sends parcels to."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="addresses")
    label = models.CharField(max_length=40)
    street = models.CharField(max_length=200)
    postal_code = models.CharField(max_length=16)
    city = models.CharField(max_length=100)
    country = models.CharField(max_length=2, help_text="ISO 3166-1 alpha-2")

    class Meta:
        verbose_name_plural = "addresses"
        constraints = (
            models.UniqueConstraint(fields=("user", "label"), name="accounts_address_label_per_user"),
            models.CheckConstraint(condition=~models.Q(country=""), name="accounts_address_has_country"),
        )

    def __str__(self) -> str:
        return f"{self.label}: {self.street}, {self.postal_code} {self.city}"
