"""The mean over rows that are all ignored, and over an empty batch."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras

import tensorflow as tf

loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
print("all rows ignored:", loss(tf.constant([-1, -1]), tf.zeros([2, 3])).numpy())
loss = keras.losses.BinaryCrossentropy(from_logits=True)
print("an empty batch:", loss(tf.zeros([0, 3]), tf.zeros([0, 3])).numpy())
