"""What the shop sells."""

from django.conf import settings
from django.db import models


class Category(models.Model):
    """A shelf, possibly on another shelf."""

    name = models.CharField(max_length=100)
    slug = models.SlugField(unique=True)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )

    class Meta:
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """A word that customers search for."""

    name = models.CharField(max_length=50, unique=True)

    def __str__(self) -> str:
        return self.name


class Product(models.Model):
    """One article."""

    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products")
    name = models.CharField(max_length=200)
    sku = models.CharField("article number", max_length=40, unique=True)
    slug = models.SlugField(max_length=200, unique=True)
    description = models.TextField(blank=True, default="")
    price = models.DecimalField(max_digits=10, decimal_places=2)
    is_published = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    tags = models.ManyToManyField(Tag, blank=True, related_name="products")

    class Meta:
        indexes = (models.Index(fields=("is_published", "-created_at"), name="catalog_product_window"),)

    def __str__(self) -> str:
        return self.name


class Review(models.Model):
    """What one customer thinks of one product."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="reviews")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reviews")
    rating = models.PositiveSmallIntegerField()
    text = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("product", "author"), name="catalog_review_once_per_author"),
            models.CheckConstraint(
                condition=models.Q(rating__gte=1, rating__lte=5), name="catalog_review_one_to_five"
            ),
        )

    def __str__(self) -> str:
        return f"{self.rating} of 5"


class Collection(models.Model):
    """Products that are shown together, in an order."""

    name = models.CharField(max_length=100, unique=True)
    products = models.ManyToManyField(Product, through="CollectionItem", related_name="collections")

    def __str__(self) -> str:
        return self.name


class CollectionItem(models.Model):
    """The place of a product in a collection."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE)
    product = models.ForeignKey(Product, on_delete=models.CASCADE)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("collection", "position")
        constraints = (
            models.UniqueConstraint(fields=("collection", "product"), name="catalog_collectionitem_once"),
        )

    def __str__(self) -> str:
        return f"{self.position}"
